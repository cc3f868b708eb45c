"""What each container uses of its machine's memory and CPUs."""
