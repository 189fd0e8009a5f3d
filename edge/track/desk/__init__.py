"""Room for what a step of the tracker notes down."""
