"""Learned models: frames in, frames out. Imports no other folder of the project and touches no database."""
