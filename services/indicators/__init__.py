"""Indicators: cards, inputs, assessments with evidence, scores."""
