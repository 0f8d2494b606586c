//! Short for every build, long for `make soak`.

/// The first normally, the second when `PORTCULLIS_LONG` is set.
pub(crate) fn short_or_long<T>(short: T, long: T) -> T {
    if is_long() { long } else { short }
}

/// Whether this is the long form.
pub(crate) fn is_long() -> bool {
    std::env::var_os("PORTCULLIS_LONG").is_some_and(|value| !value.is_empty() && value != "0")
}
