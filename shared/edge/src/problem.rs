//! Problems as RFC 9457 `application/problem+json`.

use crate::{Code, Problem, Reply};
use json::Value;
use terms::{Member as _, Told};

/// `WWW-Authenticate`, by RFC 6750 §3: that a token is needed, that it does not do, or which scope
/// it lacks.
fn challenge(code: Code, scope: Option<&str>) -> Option<String> {
    let error = if code == Code::CredentialMissing {
        String::new()
    } else if code == Code::CredentialInvalid {
        r#", error="invalid_token""#.to_owned()
    } else if code == Code::ScopeMissing {
        let scope = scope.map(|scope| format!(r#", scope="{scope}""#)).unwrap_or_default();
        format!(r#", error="insufficient_scope"{scope}"#)
    } else {
        return None;
    };
    Some(format!(r#"Bearer realm="edgetill"{error}"#))
}

impl From<Problem> for Reply {
    fn from(problem: Problem) -> Self {
        let Told { code, detail, field, members, retry_after_seconds, version, accept } =
            problem.into_told();
        let challenge =
            challenge(code, members.get(terms::member::Scope::NAME).and_then(Value::as_str));
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
        let mut reply = Reply::text(
            code.status(),
            "application/problem+json",
            json::text(&Value::Object(body)),
        );
        if let Some(challenge) = challenge {
            reply = reply.header("www-authenticate", challenge);
        }
        if code == Code::UnsupportedMediaType {
            reply = reply.header("accept", accept.unwrap_or("application/json"));
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
