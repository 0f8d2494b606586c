//! Posts a small document over HTTP, within the limits of a fetcher, and gives what came back.

use std::time::Duration;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderValue, StatusCode};
use url::Url;

use crate::model::{Clock as _, SystemClock};

use super::FetchError;
use super::fetcher::Fetcher;
use super::retry_after::retry_after;

/// The response to what was posted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Posted {
    /// Its status.
    pub status: StatusCode,
    /// When a busy server wants to be asked again.
    pub retry_after: Option<Duration>,
    /// Its body.
    pub body: Bytes,
}

impl Fetcher {
    /// Posts a form, and returns the status and the body of the response, whatever they are.
    ///
    /// # Errors
    /// When there is no complete response within the limits.
    pub async fn post_form(
        &self,
        url: &Url,
        form: String,
        authorization: Option<HeaderValue>,
    ) -> Result<(StatusCode, Bytes), FetchError> {
        let posted = self.post(url, "application/x-www-form-urlencoded", form, authorization).await?;
        Ok((posted.status, posted.body))
    }

    /// Posts JSON, and returns the response, whatever it is.
    ///
    /// # Errors
    /// When there is no complete response within the limits.
    pub async fn post_json(
        &self,
        url: &Url,
        text: String,
        authorization: Option<HeaderValue>,
    ) -> Result<Posted, FetchError> {
        self.post(url, "application/json", text, authorization).await
    }

    async fn post(
        &self,
        url: &Url,
        media_type: &'static str,
        content: String,
        authorization: Option<HeaderValue>,
    ) -> Result<Posted, FetchError> {
        self.permits(url)?;
        let text = self.shown(url)?;
        let exchange = async {
            let failed = |e: reqwest::Error| FetchError::from_reqwest(&text, self.limits.connect, &e);
            let mut request = self.client.post(url.clone()).body(content);
            request = request.header(CONTENT_TYPE, media_type);
            if let Some(authorization) = authorization {
                request = request.header(AUTHORIZATION, authorization);
            }
            let response = request.send().await.map_err(failed)?;
            let status = response.status();
            let busy = matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE);
            let retry_after = if busy { retry_after(response.headers(), SystemClock.now()) } else { None };
            Ok(Posted { status, retry_after, body: self.body(&text, response).await? })
        };
        match tokio::time::timeout(self.limits.total, exchange).await {
            Ok(outcome) => outcome,
            Err(_) => Err(FetchError::Timeout { url: text.clone(), after: self.limits.total }),
        }
    }
}
