"""The pages of inspector and reviewer: a light shell from here, the rest by the API, in the browser, also without a network."""
