//! Lambda around the real handler: its Runtime API, and the events its front ends write.
//!
//! <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>

use std::{
    collections::{BTreeMap, HashMap},
    process::{ExitStatus, Stdio},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use axum::{
    Router,
    body::Bytes,
    extract::{Path, State},
    response::IntoResponse,
    routing::{get, post},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use lab::{Lab, mcp_client::Answer, people::Person, resource_manager::SHOP_PROD};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, ChildStdout, Command},
    sync::{mpsc, oneshot},
    task::JoinHandle,
};

use crate::support::{Raw, handler};

/// The origin that the function is told it has.
pub(crate) const PUBLIC_URL: &str = "https://costs.contoso.example";

/// Who writes the event.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Front {
    /// A Function URL. It encodes what it takes for binary; here everything.
    FunctionUrl,
    /// An HTTP API of API Gateway, payload format 2.0.
    HttpApi,
}

pub(crate) const FRONTS: [Front; 2] = [Front::FunctionUrl, Front::HttpApi];

/// What the handler told Lambda about an event.
#[derive(Debug)]
pub(crate) enum Outcome {
    Response(Value),
    Error(Value),
}

impl Outcome {
    pub(crate) fn response(&self) -> Option<&Value> {
        match self {
            Self::Response(response) => Some(response),
            Self::Error(_) => None,
        }
    }
}

/// A deployed function. Dropping it ends the handler.
pub(crate) struct Function {
    pub(crate) lab: Lab,
    events: mpsc::Sender<(String, oneshot::Sender<Outcome>)>,
    handler: Child,
    lines: Arc<Mutex<Vec<String>>>,
    reader: JoinHandle<()>,
    runtime_api: JoinHandle<()>,
}

struct RuntimeApi {
    events: tokio::sync::Mutex<mpsc::Receiver<(String, oneshot::Sender<Outcome>)>>,
    under_way: Mutex<HashMap<String, oneshot::Sender<Outcome>>>,
    count: AtomicU64,
}

impl Function {
    /// With the loudest log there is.
    pub(crate) async fn deployed() -> Self {
        Self::deployed_logging("trace").await
    }

    pub(crate) async fn deployed_logging(filter: &str) -> Self {
        let lab = Lab::start().await.unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (events, receiver) = mpsc::channel(1);
        let api =
            Arc::new(RuntimeApi { events: receiver.into(), under_way: Mutex::default(), count: AtomicU64::new(0) });
        let runtime_api = tokio::spawn(async move { axum::serve(listener, routes(api)).await.unwrap() });
        let mut handler = Command::new(handler())
            .env_clear()
            .envs(lab.settings_with_file())
            .envs([
                ("PUBLIC_URL", PUBLIC_URL),
                ("RUST_LOG", filter),
                ("AWS_LAMBDA_RUNTIME_API", &address),
                ("AWS_LAMBDA_FUNCTION_NAME", "mcp-cost-server"),
                ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
                ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"),
            ])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let lines = Arc::default();
        let reader = tokio::spawn(keep(handler.stdout.take().unwrap(), Arc::clone(&lines)));
        Self { lab, events, handler, lines, reader, runtime_api }
    }

    /// What becomes of an event.
    pub(crate) async fn invoke(&self, event: &Value) -> Outcome {
        let (sender, outcome) = oneshot::channel();
        self.events.send((event.to_string(), sender)).await.unwrap();
        outcome.await.expect("the handler answers every event")
    }

    /// What a client reads who sends `request` to `front`.
    pub(crate) async fn ask(&self, front: Front, request: Raw) -> Answer {
        let outcome = self.invoke(&front.event(request)).await;
        read(outcome.response().expect("the client would read a 502"))
    }

    /// `cost_by_service` of Alice's subscription.
    pub(crate) async fn cost_by_service(&self, front: Front, token: &str) -> Answer {
        let params = json!({ "name": "cost_by_service", "arguments": { "subscriptionId": SHOP_PROD } });
        let call = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params });
        self.ask(front, Raw::post(token, call.to_string())).await
    }

    pub(crate) fn reads(&self, person: &Person) -> String {
        self.lab.token(person).scope("cost.read").issue().unwrap()
    }

    /// The log so far; each line must be one object.
    #[track_caller]
    pub(crate) fn log(&self) -> Vec<Value> {
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Takes the Runtime API away.
    pub(crate) async fn orphan(mut self) -> (ExitStatus, Vec<Value>) {
        self.runtime_api.abort();
        // ends the connection that waits for an event, too
        drop(std::mem::replace(&mut self.events, mpsc::channel(1).0));
        let status = self.handler.wait().await.unwrap();
        (&mut self.reader).await.unwrap();
        (status, self.log())
    }
}

async fn keep(output: ChildStdout, lines: Arc<Mutex<Vec<String>>>) {
    let mut output = BufReader::new(output).lines();
    while let Ok(Some(line)) = output.next_line().await {
        lines.lock().unwrap_or_else(PoisonError::into_inner).push(line);
    }
}

fn routes(api: Arc<RuntimeApi>) -> Router {
    Router::new()
        .route("/2018-06-01/runtime/invocation/next", get(next))
        .route("/2018-06-01/runtime/invocation/{id}/response", post(response))
        .route("/2018-06-01/runtime/invocation/{id}/error", post(error))
        .layer(axum::extract::DefaultBodyLimit::disable())
        .with_state(api)
}

async fn next(State(api): State<Arc<RuntimeApi>>) -> impl IntoResponse {
    let (event, outcome) = api.events.lock().await.recv().await.expect("the Runtime API is there; else hang up");
    let id = format!("8476a536-e9f4-11e8-9739-{:012x}", api.count.fetch_add(1, Ordering::Relaxed));
    api.under_way.lock().unwrap().insert(id.clone(), outcome);
    let headers = [
        ("content-type", "application/json".to_owned()),
        ("lambda-runtime-aws-request-id", id),
        ("lambda-runtime-deadline-ms", "4102444800000".to_owned()),
        ("lambda-runtime-invoked-function-arn", "arn:aws:lambda:eu-west-1:123456789012:function:costs".to_owned()),
        ("lambda-runtime-trace-id", "Root=1-5eb33c07-de25b420912dee103a5db434;Sampled=0".to_owned()),
    ];
    (headers, event)
}

async fn response(State(api): State<Arc<RuntimeApi>>, Path(id): Path<String>, body: Bytes) -> StatusCode {
    api.end(&id, Outcome::Response(serde_json::from_slice(&body).unwrap()))
}

async fn error(State(api): State<Arc<RuntimeApi>>, Path(id): Path<String>, body: Bytes) -> StatusCode {
    api.end(&id, Outcome::Error(serde_json::from_slice(&body).unwrap()))
}

impl RuntimeApi {
    fn end(&self, id: &str, outcome: Outcome) -> StatusCode {
        match self.under_way.lock().unwrap().remove(id).map(|waiting| waiting.send(outcome)) {
            Some(_) => StatusCode::ACCEPTED,
            None => StatusCode::BAD_REQUEST,
        }
    }
}

impl Front {
    /// The event for a request.
    fn event(self, request: Raw) -> Value {
        let mut headers = BTreeMap::<String, String>::new();
        for (name, value) in request.headers {
            // both fronts lower the names, and join what has the same
            headers
                .entry(name.to_ascii_lowercase())
                .and_modify(|before| *before = format!("{before},{value}"))
                .or_insert(value);
        }
        headers.insert("content-length".into(), request.body.len().to_string());
        headers.insert("x-forwarded-proto".into(), "https".into());
        headers.insert("x-amzn-trace-id".into(), "Root=1-5eb33c07-de25b420912dee103a5db434".into());
        let (host, encoded) = match self {
            Self::FunctionUrl => ("abcdefgh.lambda-url.eu-west-1.on.aws", true),
            Self::HttpApi => ("abcdefgh.execute-api.eu-west-1.amazonaws.com", false),
        };
        headers.insert("host".into(), host.into());
        let body = if encoded { STANDARD.encode(&request.body) } else { String::from_utf8(request.body).unwrap() };
        let (path, query) = request.path.split_once('?').unwrap_or((request.path, ""));
        json!({
            "version": "2.0",
            "routeKey": "$default",
            "rawPath": path,
            "rawQueryString": query,
            "headers": headers,
            "requestContext": {
                "accountId": "anonymous",
                "apiId": "abcdefgh",
                "domainName": host,
                "domainPrefix": "abcdefgh",
                "http": {
                    "method": request.method.as_str(),
                    "path": path,
                    "protocol": "HTTP/1.1",
                    "sourceIp": "192.0.2.1",
                    "userAgent": "lab",
                },
                "requestId": "5c9e3a1f-7b24-4d80-a6f3-0e8d2b4c6a91",
                "routeKey": "$default",
                "stage": "$default",
                "time": "23/Nov/2026:11:45:34 +0000",
                "timeEpoch": 1_795_434_334_837_u64,
            },
            "body": if body.is_empty() { Value::Null } else { body.into() },
            "isBase64Encoded": encoded,
        })
    }
}

/// The answer that a front makes of a response.
#[track_caller]
fn read(response: &Value) -> Answer {
    let status = response["statusCode"].as_u64().and_then(|status| StatusCode::from_u16(status.try_into().ok()?).ok());
    let headers = response["headers"].as_object().unwrap().iter().map(|(name, value)| {
        let value = HeaderValue::from_str(value.as_str().unwrap()).unwrap();
        (HeaderName::from_bytes(name.as_bytes()).unwrap(), value)
    });
    assert_eq!(response["isBase64Encoded"], false);
    let body = response["body"].as_str().unwrap();
    Answer {
        status: status.unwrap(),
        headers: headers.collect::<HeaderMap>(),
        body: serde_json::from_str(body).unwrap_or(Value::Null),
    }
}
