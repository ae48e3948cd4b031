"""The verbs: probe, split, restore_shot, assemble, judge, report."""
