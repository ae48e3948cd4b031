"""The verbs: probe, split, restore_shot, assemble, prove, judge, report."""
