"""The one verb of the product: lock, recheck, act.  Nothing else in the project removes a target."""
