//! From a request to its handler, and from whatever the handler says to a reply.
//!
//! Spin routes by path only, so a component gets every method of its paths. [`serve`] is
//! infallible: it is the one place where a problem becomes a reply and an internal reason becomes a
//! log line.

use crate::{
    Answer, Code, Method, Operation, Problem, Reply, Request, cors::Sharing, log,
    operation::Checked, request::decode,
};
use config::{BODY_LIMIT_BYTES, Setting};
use ports::Ports;
use std::{future::Future, pin::Pin};
use terms::member::CorrelationId;

/// What a handler gives back, boxed so that handlers of one component share a table.
pub type HandlerFuture<'a> = Pin<Box<dyn Future<Output = Result<Reply, Problem>> + 'a>>;

/// One method of one path that checks by itself what it is sent. Every `async fn(&Ports<'_>,
/// &Request) -> Result<Reply, Problem>` is one. For development and tests: what a shop serves is an
/// [`Operation`].
pub trait Handler {
    /// Handles `request`.
    fn call<'a>(&'a self, ports: &'a Ports<'a>, request: &'a Request) -> HandlerFuture<'a>;

    /// How many bytes the body of its requests may have.
    fn body_limit(&self) -> &'static Setting<usize> {
        &BODY_LIMIT_BYTES
    }
}

impl<F> Handler for F
where
    F: AsyncFn(&Ports<'_>, &Request) -> Result<Reply, Problem>,
{
    fn call<'a>(&'a self, ports: &'a Ports<'a>, request: &'a Request) -> HandlerFuture<'a> {
        Box::pin(async move { self(ports, request).await })
    }
}

/// A path and its methods.
#[must_use]
pub struct Route {
    pattern: &'static str,
    handlers: Vec<(Method, Box<dyn Handler>)>,
}

impl std::fmt::Debug for Route {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Route")
            .field("pattern", &self.pattern)
            .field("allow", &self.allow())
            .finish()
    }
}

impl Route {
    /// A path; `:name` stands for one segment.
    pub fn at(pattern: &'static str) -> Self {
        Self { pattern, handlers: Vec::new() }
    }

    /// Answers GET, and HEAD without the body.
    pub fn get(self, handler: impl Handler + 'static) -> Self {
        self.on(Method::Get, handler)
    }

    /// Answers POST.
    pub fn post(self, handler: impl Handler + 'static) -> Self {
        self.on(Method::Post, handler)
    }

    /// Answers PUT.
    pub fn put(self, handler: impl Handler + 'static) -> Self {
        self.on(Method::Put, handler)
    }

    /// Answers PATCH.
    pub fn patch(self, handler: impl Handler + 'static) -> Self {
        self.on(Method::Patch, handler)
    }

    /// Answers DELETE.
    pub fn delete(self, handler: impl Handler + 'static) -> Self {
        self.on(Method::Delete, handler)
    }

    /// Answers an operation of the table: what it asks for is checked before `answer` is called.
    pub fn answer<O: Operation>(self, answer: impl Answer<O>) -> Self {
        self.on(O::METHOD, Checked::<O, _>::new(answer))
    }

    fn on(mut self, method: Method, handler: impl Handler + 'static) -> Self {
        self.handlers.push((method, Box::new(handler)));
        self
    }

    fn handler(&self, method: Method) -> Option<&dyn Handler> {
        let wanted = if method == Method::Head { Method::Get } else { method };
        self.handlers.iter().find(|(known, _)| *known == wanted).map(|(_, handler)| &**handler)
    }

    fn allow(&self) -> String {
        self.allow_but(Method::Other)
    }

    /// All methods but one, and with GET goes HEAD.
    fn allow_but(&self, method: Method) -> String {
        let missing = if method == Method::Head { Method::Get } else { method };
        let mut names = Vec::new();
        for (method, _) in self.handlers.iter().filter(|(method, _)| *method != missing) {
            names.push(method.name());
            if *method == Method::Get {
                names.push(Method::Head.name());
            }
        }
        names.push(Method::Options.name());
        names.join(", ")
    }

    // The parameters when `path` fits, still percent-encoded.
    fn fit<'p>(&self, path: &'p str) -> Option<Vec<(&'static str, &'p str)>> {
        let mut params = Vec::new();
        let mut segments = path.split('/');
        for expected in self.pattern.split('/') {
            let segment = segments.next()?;
            match expected.strip_prefix(':') {
                Some(name) if !segment.is_empty() => params.push((name, segment)),
                None if expected == segment => {}
                _ => return None,
            }
        }
        segments.next().is_none().then_some(params)
    }
}

/// The route of a path, with its parameters as they were sent.
fn find<'r, 'p>(
    routes: &'r [Route],
    path: &'p str,
) -> Option<(&'r Route, Vec<(&'static str, &'p str)>)> {
    routes.iter().find_map(|route| route.fit(path).map(|params| (route, params)))
}

/// How many bytes the body of `request` may have, of which the head is known: what the row says
/// that answers it. What none answers has a body like all others, for that is read before it is
/// refused.
#[must_use]
pub fn body_limit(routes: &[Route], request: &Request) -> &'static Setting<usize> {
    let handler =
        find(routes, request.path()).and_then(|(route, _)| route.handler(request.method()));
    handler.map_or(&BODY_LIMIT_BYTES, Handler::body_limit)
}

/// Answers `request` by the first of `routes` whose pattern fits its path.
pub async fn serve(routes: &[Route], ports: &Ports<'_>, request: Request) -> Reply {
    let method = request.method();
    let sharing = Sharing::of(ports, &request);
    let mut reply = match answer(routes, ports, request).await {
        Ok(reply) => reply,
        Err(Refused { pattern, problem, allow: None }) => refuse(ports, method, pattern, problem),
        Err(Refused { pattern, problem, allow: Some(methods) }) => {
            refuse(ports, method, pattern, problem).header("allow", methods)
        }
    };
    if method == Method::Head {
        reply.body.clear();
    }
    sharing.shown(reply)
}

/// The reply to a request whose body could not be read, or may not be: to none of the routes.
pub fn refuse_unread(ports: &Ports<'_>, head: &Request, problem: Problem) -> Reply {
    Sharing::of(ports, head).shown(refuse(ports, head.method(), "", problem))
}

/// A request that was refused: at which route, and which methods that has if it was for the method.
struct Refused {
    pattern: &'static str,
    problem: Problem,
    allow: Option<String>,
}

async fn answer(routes: &[Route], ports: &Ports<'_>, request: Request) -> Result<Reply, Refused> {
    let (route, params) = find(routes, request.path()).ok_or_else(|| Refused {
        pattern: "",
        problem: Problem::new(Code::NotFound),
        allow: None,
    })?;
    let at_route = |problem| Refused { pattern: route.pattern, problem, allow: None };
    let method = request.method();
    if method == Method::Options {
        return Ok(Reply::empty(204).header("allow", route.allow()));
    }
    let not_allowed =
        || Refused { allow: Some(route.allow()), ..at_route(Problem::new(Code::MethodNotAllowed)) };
    let handler = route.handler(method).ok_or_else(not_allowed)?;
    let decoded = params
        .into_iter()
        .map(|(name, segment)| Ok((name, decode(name, segment)?)))
        .collect::<Result<Vec<_>, Problem>>()
        .map_err(at_route)?;
    let request = request.with_params(decoded);
    let reply = handler.call(ports, &request).await.map_err(|problem| {
        // This method is known here, and not allowed in this shop.
        let allow = (problem.code() == Code::MethodNotAllowed).then(|| route.allow_but(method));
        Refused { allow, ..at_route(problem) }
    })?;
    let reads = matches!(method, Method::Get | Method::Head);
    if reads && reply.status == 200 {
        reply.if_wanted(&request).map_err(at_route)
    } else {
        Ok(reply)
    }
}

/// Makes a problem into a reply. An internal reason is logged under a fresh correlation id, with
/// the route's pattern rather than the path: paths and queries can hold ids and tokens.
pub fn refuse(ports: &Ports<'_>, method: Method, pattern: &str, mut problem: Problem) -> Reply {
    if let Some(reason) = problem.take_reason() {
        let id = ports.random.id();
        log(
            if problem.code() == Code::Internal { "error" } else { "warning" },
            &reason,
            &[
                ("code", problem.code().slug()),
                ("correlation_id", &id),
                ("method", method.name()),
                ("route", pattern),
            ],
        );
        problem = problem.with(CorrelationId, &id);
    }
    problem.into()
}
