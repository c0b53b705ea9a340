"""From labelled photographs to a bundle. Everything that needs TensorFlow lives here (the extra ``[train]``)."""
