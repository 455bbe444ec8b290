"""Known data sets, one a file: ``parts()`` gives train and test; the first line of the file describes it."""
