//! What agents, their clients and proxies say to each other and to the gateway by protocols of their own: protected resource
//! metadata (RFC 9728), JSON-RPC, MCP and A2A, the beginnings of gRPC and WebSocket, the certificate of a proxy's client.
//!
//! It reads and writes; it decides nothing. Who may do what is in `authz`, what becomes of a request in `gate`.

pub mod a2a;
mod certificate_header;
mod grpc;
pub mod json_rpc;
pub mod mcp;
mod resource;
mod resource_response;
mod websocket;

pub use certificate_header::{BadCertificate, CertificateFormat, certificate_digest};
pub use grpc::is_grpc_call;
pub use resource::{
    RESOURCE_METADATA, ResourceForm, ResourceForms, ResourceMetadata, inserted, metadata_url_in_challenge,
};
pub use resource_response::{
    Described, METADATA_METHODS, every_origin, metadata_document, metadata_preflight,
};
pub use websocket::is_websocket_handshake;
