//! Holds folders, crates, manifests, endpoints and variables together; all of it is in `tests/`.
