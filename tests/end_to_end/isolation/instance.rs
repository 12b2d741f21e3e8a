//! The handler in this process: its own router, on a clock that the program moves.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
    time::Duration,
};

use axum::{Router, body::Body};
use handler::{
    http::{Edge, router},
    server,
    settings::Settings,
};
use http::{Method, Request};
use http_body_util::BodyExt;
use identity::{Clock, Random, SystemClock, UnixTime, caller::SigningKeys};
use lab::mcp_client::Answer;
use serde_json::{Value, json};
use tower_service::Service;
use uuid::Uuid;

use super::world::World;

/// How long an exchanged token is kept. Entra would refuse the server's own assertions if its clock went far ahead.
const KEPT: Duration = Duration::from_secs(30);

tokio::task_local! {
    /// The number of the call that is being served.
    static CALL: u64;
}

pub(super) struct Instance {
    router: Router,
    clock: Arc<MovedClock>,
}

/// The machine's clock and what a program added to it.
#[derive(Default)]
struct MovedClock(AtomicI64);

impl Clock for MovedClock {
    fn now(&self) -> UnixTime {
        UnixTime(SystemClock.now().0 + self.0.load(Ordering::SeqCst))
    }
}

/// Makes ids that tell which call they were made for: what Entra and Azure are asked, they are asked under such an id.
#[derive(Default)]
struct NumberedCalls(AtomicU64);

impl Random for NumberedCalls {
    fn uuid(&self) -> Uuid {
        let call = CALL.try_with(|call| *call).unwrap_or_default();
        Uuid::from_u64_pair(call, self.0.fetch_add(1, Ordering::SeqCst))
    }

    fn fraction(&self) -> f64 {
        0.0
    }
}

/// The number of the call that an id was made for; nothing if it was made for none.
pub(super) fn call_of(id: &str) -> Option<u64> {
    let (call, _) = id.parse::<Uuid>().ok()?.as_u64_pair();
    (call > 0).then_some(call)
}

impl Instance {
    /// Put together by what puts the server together, with another clock and ids that tell calls apart.
    pub(super) async fn start(world: &World, cache: u64) -> Self {
        let clock = Arc::new(MovedClock::default());
        let router = router(edge(world, cache, clock.clone()).await);
        Self { router, clock }
    }

    /// Time passes, until what was cached has expired.
    pub(super) fn wait(&self) {
        self.clock.0.fetch_add(i64::try_from(KEPT.as_secs()).unwrap(), Ordering::SeqCst);
    }

    /// A call of a tool. Dropping it is how a client leaves.
    pub(super) async fn call(&self, number: u64, token: &str, tool: &str, arguments: &Value) -> Answer {
        let params = json!({ "name": tool, "arguments": arguments });
        let body = json!({ "jsonrpc": "2.0", "id": number, "method": "tools/call", "params": params });
        let request = Request::builder()
            .method(Method::POST)
            .uri("/mcp")
            .header("authorization", format!("Bearer {token}"))
            .header("content-type", "application/json")
            .body(Body::from(body.to_string()))
            .unwrap();
        CALL.scope(number, async {
            let (head, body) = self.router.clone().call(request).await.unwrap().into_parts();
            let body = body.collect().await.unwrap().to_bytes();
            let body = serde_json::from_slice(&body).unwrap_or_default();
            Answer { status: head.status, headers: head.headers, body }
        })
        .await
    }
}

async fn edge(world: &World, cache: u64, clock: Arc<dyn Clock>) -> Edge {
    let mut environment: HashMap<_, _> = world.lab.settings_with_file().into_iter().collect();
    let more = [("PUBLIC_URL", "http://localhost:8080"), ("CALLER_QUERY_BUDGET", "100000")];
    environment.extend(more.map(|(name, value)| (name.to_owned(), value.to_owned())));
    let mut settings = Settings::read(&|name| environment.get(name).cloned()).unwrap();
    // less than an operator may choose
    (settings.cache_ttl, settings.cache_capacity) = (KEPT, cache);

    let random: Arc<dyn Random> = Arc::new(NumberedCalls::default());
    let http = world.lab.client().clone();
    let keys = SigningKeys::new(&settings.authority, http.clone(), clock.clone(), random.clone());
    keys.prefetch().await;
    let credential = server::credential(&settings, &http, &clock, &random).await.unwrap();
    server::edge(settings, keys, credential, http, clock, random).unwrap()
}
