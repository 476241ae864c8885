"""How far explanations can be trusted: faithfulness, steadiness, and what a model without training would show."""
