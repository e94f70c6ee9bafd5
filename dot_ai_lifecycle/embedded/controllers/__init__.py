"""The controllers of the embedded cluster: one file each, all level-triggered, none of them ever polls."""
