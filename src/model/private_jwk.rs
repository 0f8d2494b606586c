//! The secret members of a JSON Web Key.

/// The members that belong to a private or shared key: `d` of an elliptic curve (RFC 7518 section 6.2.2) and of an octet key
/// pair (RFC 8037 section 2), those of RSA (RFC 7518 section 6.3.2), and `k`, a shared key (section 6.4). A JWK with any of
/// them must not be published.
pub const PRIVATE_JWK_MEMBERS: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];
