"""Buildings, equipment, service contracts, visits and what an owner requires of a crew."""
