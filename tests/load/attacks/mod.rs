//! Load that means harm.
