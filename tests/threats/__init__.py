"""One module for each of the 34 threats, named after it; `guards` takes guards out and shows that the tests notice."""
