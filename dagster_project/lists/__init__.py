"""Lists of customers that marketing takes away, for those who may be contacted."""
