"""Assets by layer: what was landed, the models, the release. Bodies call the steps of `pipelines.refresh`."""
