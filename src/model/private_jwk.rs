//! Which members of a JSON Web Key are secret.

/// Members of which one is enough to make up the private half of a key: `d` of an elliptic curve (RFC 7518 section 6.2.2)
/// and of an octet key pair (RFC 8037 section 2), those of RSA (RFC 7518 section 6.3.2), and `k`, which is a shared key
/// itself (section 6.4).
pub const PRIVATE_JWK_MEMBERS: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];
