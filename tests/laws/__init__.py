"""The laws of the house: what holds for every module and every change, without lists of exceptions."""
