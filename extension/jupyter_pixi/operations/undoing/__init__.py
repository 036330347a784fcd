"""Earlier states of a workspace -> the present one again, or what lies between them."""
