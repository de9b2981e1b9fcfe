"""What people and other systems meet: the dashboards, the API and the `sitesync` command."""
