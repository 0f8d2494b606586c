//! Where the gateway's binary is.

use std::ffi::OsString;

/// The binary under test, as Cargo built it for this suite. Cargo names it to a test that it starts; a test that is
/// started by hand needs the same variable.
pub fn binary() -> OsString {
    let name = "CARGO_BIN_EXE_portcullis";
    std::env::var_os(name).unwrap_or_else(|| panic!("{name} is not set: run the suite with cargo"))
}
