//! Posts a small document over HTTP, within the limits of a fetcher, and gives what came back. What either says is for those
//! who ask.

use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_LANGUAGE, CONTENT_TYPE};
use http::{HeaderValue, StatusCode};
use url::Url;

use crate::model::{Clock as _, SystemClock};

use super::FetchError;
use super::fetcher::Fetcher;
use super::form::{Form, FormResponse};
use super::retry_after::retry_after;

/// JSON to be posted.
#[derive(Debug)]
pub struct Json {
    /// The text.
    pub body: String,
    /// `Authorization`
    pub authorization: Option<HeaderValue>,
    /// The language of the sentences in it, where there are some.
    pub language: Option<&'static str>,
}

/// The response to JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JsonResponse {
    /// Its status.
    pub status: StatusCode,
    /// When a busy server wants to be asked again.
    pub retry_after: Option<Duration>,
    /// Its body.
    pub body: Bytes,
}

impl Fetcher {
    /// Posts a form, and returns the response, whatever its status is.
    ///
    /// # Errors
    /// When there is no complete response within the limits.
    pub async fn post_form(&self, url: &Url, form: Form) -> Result<FormResponse, FetchError> {
        let request = self.client.post(url.clone()).body(form.body);
        let mut request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        if let Some(authorization) = form.authorization {
            request = request.header(AUTHORIZATION, authorization);
        }
        if let Some(accept) = form.accept {
            request = request.header(ACCEPT, accept);
        }
        let (response, body) = self.post(url, request).await?;
        let media_type = response.headers.get(CONTENT_TYPE).cloned();
        Ok(FormResponse { status: response.status, media_type, body })
    }

    /// Posts JSON, and returns the response, whatever its status is.
    ///
    /// # Errors
    /// When there is no complete response within the limits.
    pub async fn post_json(&self, url: &Url, json: Json) -> Result<JsonResponse, FetchError> {
        let request = self.client.post(url.clone()).body(json.body);
        let mut request = request.header(CONTENT_TYPE, "application/json").header(ACCEPT, "application/json");
        if let Some(authorization) = json.authorization {
            request = request.header(AUTHORIZATION, authorization);
        }
        if let Some(language) = json.language {
            request = request.header(CONTENT_LANGUAGE, language);
        }
        let (Answered { status, headers }, body) = self.post(url, request).await?;
        let busy = matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE);
        let retry_after = if busy { retry_after(&headers, SystemClock.now()) } else { None };
        Ok(JsonResponse { status, retry_after, body })
    }

    async fn post(
        &self,
        url: &Url,
        request: reqwest::RequestBuilder,
    ) -> Result<(Answered, Bytes), FetchError> {
        self.permits(url)?;
        let text = self.shown(url)?;
        let exchange = async {
            let failed = |e: reqwest::Error| FetchError::from_reqwest(&text, self.limits.connect, &e);
            let response = request.send().await.map_err(failed)?;
            let answered = Answered { status: response.status(), headers: response.headers().clone() };
            Ok((answered, self.body(&text, response).await?))
        };
        match tokio::time::timeout(self.limits.total, exchange).await {
            Ok(outcome) => outcome,
            Err(_) => Err(FetchError::Timeout { url: text.clone(), after: self.limits.total }),
        }
    }
}

/// The head of a response.
struct Answered {
    status: StatusCode,
    headers: http::HeaderMap,
}
