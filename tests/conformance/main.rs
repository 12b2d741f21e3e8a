//! The protocol room with the tools that the official conformance suite asks for, on loopback and without a token.
//!
//! The suite can send no token, so this is not the handler: no Azure is behind it and nothing of it is linked into the
//! handler. What it shares with the handler is what the suite judges: `mcp` whole, and of the edge the judgement of
//! `Origin` and the statuses of protocol errors. Bearer, limits and challenges are proven by the end-to-end tests.

use std::{net::Ipv4Addr, process::ExitCode, sync::Arc};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    response::{IntoResponse, Response},
    routing::post,
};
use handler::{
    http::{Origin, protocol_error, serve},
    mcp::{self, Explanation, Message, Method, Reply, Request, RpcError, ServerInfo, ToolResult, Who},
};
use http::{HeaderMap, StatusCode, header};
use serde_json::{Map, value::RawValue};
use tokio::net::TcpListener;
use uuid::Uuid;

const SERVER: ServerInfo =
    ServerInfo { name: "mcp-cost-server-conformance", version: env!("CARGO_PKG_VERSION"), instructions: "Fixtures." };

const TOOLS: &str = r#"[
    {"name": "test_error_handling", "description": "Fails.", "inputSchema": {"type": "object"}},
    {"name": "test_simple_text", "description": "Answers.", "inputSchema": {"type": "object"}}
]"#;

struct Fixtures {
    tools: Box<RawValue>,
    /// A page of this server itself, and no other.
    allowed_origins: Vec<String>,
}

#[tokio::main]
async fn main() -> ExitCode {
    let Some(port) = std::env::args().nth(1).and_then(|port| port.parse().ok()) else {
        eprintln!("usage: conformance PORT");
        return ExitCode::from(2);
    };
    match start(port).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("the conformance server could not start on port {port}: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn start(port: u16) -> std::io::Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    let allowed_origins = ["127.0.0.1", "localhost"].map(|host| format!("http://{host}:{port}")).into();
    let fixtures = Arc::new(Fixtures { tools: serde_json::from_str(TOOLS)?, allowed_origins });
    let router = Router::new().route("/mcp", post(answer)).with_state(fixtures);
    println!("listening at http://127.0.0.1:{port}/mcp");
    serve(listener, router, std::future::pending()).await;
    Ok(())
}

async fn answer(State(fixtures): State<Arc<Fixtures>>, headers: HeaderMap, body: Bytes) -> Response {
    if Origin::judge(&headers, &fixtures.allowed_origins) == Origin::Foreign {
        return StatusCode::FORBIDDEN.into_response();
    }
    match mcp::read(&headers, &body) {
        Ok(Message::Notification) => StatusCode::ACCEPTED.into_response(),
        Ok(Message::Request(request)) => {
            let body = fixtures.reply(&request);
            ([(header::CONTENT_TYPE, "application/json")], body).into_response()
        }
        Err(error) => protocol_error(&error, Uuid::nil()),
    }
}

impl Fixtures {
    fn reply(&self, Request { id, era, method }: &Request) -> Vec<u8> {
        let reply = |reply| mcp::write(id, *era, reply, &SERVER);
        match method {
            Method::Discover => reply(Reply::Discovered),
            Method::Initialize { requested } => reply(Reply::Initialized { requested }),
            Method::Ping => reply(Reply::Pong),
            Method::ListTools => reply(Reply::Tools(&self.tools)),
            Method::CallTool(call) => match run(&call.name) {
                Ok(result) => reply(Reply::ToolResult(&result)),
                Err(error) => reply(Reply::Error(&error)),
            },
        }
    }
}

/// The words are the suite's.
fn run(tool: &str) -> Result<ToolResult, RpcError> {
    match tool {
        "test_simple_text" => {
            Ok(ToolResult::Answer { text: "This is a simple text response for testing.".into(), structured: None })
        }
        "test_error_handling" => Ok(ToolResult::Error {
            text: "This tool intentionally returns an error for testing".into(),
            explanation: Explanation {
                reason: "intended".into(),
                who: Who::Nobody,
                how: "nothing is wrong".into(),
                correlation_id: Uuid::nil().to_string(),
                more: Map::new(),
            },
        }),
        _ => Err(RpcError { code: mcp::INVALID_PARAMS, message: "Unknown tool".into(), explanation: None }),
    }
}
