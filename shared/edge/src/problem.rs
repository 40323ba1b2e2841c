//! Problems as RFC 9457 `application/problem+json`.

use crate::{Code, Problem, Reply};
use json::Value;
use terms::Told;

impl From<Problem> for Reply {
    fn from(problem: Problem) -> Self {
        let Told { code, detail, field, members, retry_after_seconds, version } = problem.into_told();
        // The standard members are written last: one of a problem's own cannot replace them.
        let mut body = members;
        body.insert("type".into(), code.type_uri().into());
        body.insert("title".into(), code.title().into());
        body.insert("status".into(), code.status().into());
        body.insert("code".into(), code.slug().into());
        if let Some(detail) = detail {
            body.insert("detail".into(), detail.into());
        }
        if let Some(field) = field {
            body.insert("field".into(), field.into());
        }
        let mut reply = Reply::text(code.status(), "application/problem+json", json::text(&Value::Object(body)));
        if code.status() == 401 {
            let challenge = if code == Code::CredentialInvalid {
                r#"Bearer realm="edgetill", error="invalid_token""#
            } else {
                r#"Bearer realm="edgetill""#
            };
            reply = reply.header("www-authenticate", challenge);
        }
        if code == Code::UnsupportedMediaType {
            reply = reply.header("accept", "application/json");
        }
        if let Some(seconds) = retry_after_seconds {
            reply = reply.retry_after(seconds);
        }
        match version {
            Some(version) => reply.etag(version),
            None => reply,
        }
    }
}
