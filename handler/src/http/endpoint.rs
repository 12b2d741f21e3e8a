//! `/mcp`: one request in, one answer out.

use std::{sync::Arc, time::Duration};

use axum::{
    body::Body,
    extract::State,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, Method, StatusCode, header, request::Parts};
use identity::Caller;

use super::{
    Edge, bearer,
    call_refusal::Context,
    limits,
    origin::{self, Origin},
    refusal::{self, EdgeRefusal},
};
use crate::{
    audit::CallIds,
    mcp::{self, Era, Message, Reply, Request, RequestId, ToolCall},
};

/// How long a client may take to send a body of at most 1 MiB.
const BODY_DEADLINE: Duration = Duration::from_secs(10);

pub(super) async fn mcp(State(edge): State<Arc<Edge>>, request: http::Request<Body>) -> Response {
    let (parts, body) = request.into_parts();
    let ids = CallIds { correlation_id: edge.random.uuid(), trace_id: trace_id(header_text(&parts, "traceparent")) };
    let origin = Origin::judge(&parts.headers, &edge.allowed_origins);
    let mut response = match edge.answer(parts, body, &origin, ids.clone()).await {
        Ok(response) => response,
        Err(refused) => {
            refused.log(&ids);
            refused.respond(&edge.face, ids.correlation_id)
        }
    };
    origin::expose(response.headers_mut(), &origin);
    response
}

impl Edge {
    async fn answer(&self, parts: Parts, body: Body, origin: &Origin, ids: CallIds) -> Result<Response, EdgeRefusal> {
        limits::headers(&parts.headers)?;
        let body = limits::announced(&parts.headers, body).await?;
        match origin {
            Origin::Foreign => return Err(EdgeRefusal::OriginNotAllowed),
            Origin::Listed(_) => {
                if let Some(preflight) = origin::preflight(&parts.method, &parts.headers) {
                    return Ok(preflight.into_response());
                }
            }
            Origin::None => {}
        }
        // until the answer is written; whoever has no token holds it for no longer than it takes to find that out
        let _place = self.places.try_acquire().map_err(|_| EdgeRefusal::Overloaded)?;
        let caller = self.validator.validate(bearer::bearer(&parts.headers)?).await?;
        if parts.method != Method::POST {
            return Err(EdgeRefusal::MethodNotAllowed);
        }
        if !is_json(&parts.headers) {
            return Err(EdgeRefusal::ContentTypeNotJson);
        }
        let body =
            tokio::time::timeout(BODY_DEADLINE, limits::read(body)).await.map_err(|_| EdgeRefusal::BodyTooSlow)??;
        match mcp::read(&parts.headers, &body) {
            Ok(Message::Notification) => Ok(StatusCode::ACCEPTED.into_response()),
            Ok(Message::Request(request)) => self.reply(&caller, request, ids).await,
            Err(error) => {
                refusal::log_refused(error.kind.reason(), &ids);
                Ok(refusal::protocol_error(&error, ids.correlation_id))
            }
        }
    }

    async fn reply(&self, caller: &Caller, request: Request, ids: CallIds) -> Result<Response, EdgeRefusal> {
        let Request { id, era, method } = request;
        let reply = match &method {
            mcp::Method::Discover => Reply::Discovered,
            mcp::Method::Initialize { requested } => Reply::Initialized { requested },
            mcp::Method::Ping => Reply::Pong,
            mcp::Method::ListTools => Reply::Tools(self.tools.listed(caller)),
            mcp::Method::CallTool(call) => return self.call_tool(caller, &id, era, call, ids).await,
        };
        Ok(refusal::json(StatusCode::OK, mcp::write(&id, era, reply, &self.server)))
    }

    async fn call_tool(
        &self,
        caller: &Caller,
        id: &RequestId,
        era: Era,
        call: &ToolCall,
        mut ids: CallIds,
    ) -> Result<Response, EdgeRefusal> {
        // the client's own trace is closer to the person than the one the host may have begun
        ids.trace_id = trace_id(call.trace_parent.as_deref()).or(ids.trace_id);
        match self.tools.call(caller, call, &ids).await {
            Ok(result) => {
                Ok(refusal::json(StatusCode::OK, mcp::write(id, era, Reply::ToolResult(&result), &self.server)))
            }
            Err(refused) => {
                let context = Context { face: &self.face, server: &self.server, correlation_id: ids.correlation_id };
                context.respond(id, era, refused)
            }
        }
    }
}

/// `application/json`, with any parameters.
fn is_json(headers: &HeaderMap) -> bool {
    let essence = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()?.split(';').next());
    essence.is_some_and(|essence| essence.trim().eq_ignore_ascii_case("application/json"))
}

fn header_text<'a>(parts: &'a Parts, name: &str) -> Option<&'a str> {
    parts.headers.get(name)?.to_str().ok()
}

/// The trace id of a W3C `traceparent` (`00-<trace>-<span>-<flags>`), if it is one.
fn trace_id(parent: Option<&str>) -> Option<String> {
    let trace = parent?.split('-').nth(1)?;
    let valid =
        trace.len() == 32 && trace.bytes().all(|byte| byte.is_ascii_hexdigit()) && trace.bytes().any(|b| b != b'0');
    valid.then(|| trace.to_ascii_lowercase())
}
