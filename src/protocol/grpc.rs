//! The beginning of a gRPC call ("gRPC over HTTP2", Requests). What answers one that is refused is for `proxy`.

use http::{HeaderMap, Method, Version, header};

use crate::model::StreamKind;

/// Whether a request is a gRPC call over HTTP/2. gRPC-Web is another protocol.
#[inline]
#[must_use]
pub fn is_grpc_call(method: &Method, version: Version, headers: &HeaderMap) -> bool {
    version == Version::HTTP_2
        && *method == Method::POST
        && headers.get(header::CONTENT_TYPE).and_then(StreamKind::of_media_type) == Some(StreamKind::Grpc)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_a_post_over_http_2_with_its_media_type() {
        for (method, version, media_type, wanted) in [
            (Method::POST, Version::HTTP_2, "application/grpc+proto", true),
            (Method::POST, Version::HTTP_11, "application/grpc", false),
            (Method::GET, Version::HTTP_2, "application/grpc", false),
            (Method::POST, Version::HTTP_2, "application/grpc-web", false),
        ] {
            let headers = HeaderMap::from_iter([(header::CONTENT_TYPE, media_type.parse().unwrap())]);
            assert_eq!(is_grpc_call(&method, version, &headers), wanted, "{method} {version:?} {media_type}");
        }
    }
}
