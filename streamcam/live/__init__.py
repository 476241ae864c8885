"""A live session: a source, an explainer that follows what people change, and sinks, until somebody ends it."""
