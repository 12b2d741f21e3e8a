//! What must hold, whatever happened.
//!
//! 1. What Resource Manager is asked on behalf of a call, it is asked as the caller of that call.
//! 2. No answer names data of a subscription that its caller may not see, nor another person.
//! 3. What Entra is asked on behalf of a call, it is asked with the token of that call; and Resource Manager is asked only
//!    after Entra exchanged that very token.
//! 4. Who has no role on a subscription gets no costs of it, and nobody goes on with another's export.

use std::collections::BTreeSet;

use http::Method;
use lab::{
    journal::{Entry, Identity, ServiceName},
    mcp_client::Answer,
};
use serde_json::Value;

use super::{
    instance::call_of,
    program::{Call, Place, Who},
    run::next_cursor,
    world::World,
};

/// A call, and what became of it.
pub(super) struct Asked {
    pub(super) call: Call,
    pub(super) arguments: Value,
    /// `uti` of the token it was made with.
    pub(super) token_id: String,
    /// Whose export it goes on with.
    pub(super) cursor_of: Option<Who>,
    /// None if the caller left.
    pub(super) answer: Option<Answer>,
}

/// Whether the tool said what it was asked for.
pub(super) fn is_answered(answer: &Answer) -> bool {
    answer.body.get("result").is_some() && !answer.is_tool_error()
}

/// Judges an answer by the roles of the moment: they change only while nobody asks.
pub(super) fn of_answer(world: &World, asked: &Asked) -> Result<(), String> {
    let Asked { call, arguments, cursor_of, answer, .. } = asked;
    let Some(answer) = answer else { return Ok(()) };
    let who = call.session.who;
    if is_answered(answer) && call.tool.reads_costs() {
        if !world.may_see(who, call.place) {
            return Err(format!("{call:?}: costs without a role: {}", answer.body));
        }
        if cursor_of.is_some_and(|owner| owner != who) {
            return Err(format!("{call:?}: goes on with the export of {cursor_of:?}: {}", answer.body));
        }
    }
    // letters of a cursor mean nothing, and may be those of a mark by chance
    let text = answer.body.to_string().replace(&next_cursor(answer).unwrap_or("\0".to_owned()), "");
    let question = arguments.to_string();
    for place in Place::ALL.into_iter().filter(|place| !world.may_see(who, *place)) {
        if let Some(mark) = world.marks_in(place, &text, &question) {
            return Err(format!("{call:?}: is told of {place:?}: {mark}: {text}"));
        }
    }
    match world.others_in(who, &text) {
        Some(name) => Err(format!("{call:?}: is told of {name}: {text}")),
        None => Ok(()),
    }
}

/// Judges what Entra and Azure were asked in the whole program.
pub(super) fn of_journal(world: &World, asked: &[Asked]) -> Result<(), String> {
    let mut exchanged = BTreeSet::new();
    for entry in world.lab.journal().entries() {
        match entry.service {
            ServiceName::Entra if entry.method == Method::POST => {
                let (call, identity) = correlated(world, asked, &entry, "client-request-id")?;
                if identity.token_id != call.token_id {
                    return Err(format!("{:?}: Entra was shown the token {}", call.call, identity.token_id));
                }
                if entry.status.is_some_and(|status| status.is_success()) {
                    exchanged.insert(identity.token_id);
                }
            }
            ServiceName::ResourceManager => {
                let (call, _) = correlated(world, asked, &entry, "x-ms-client-request-id")?;
                if !exchanged.contains(&call.token_id) {
                    return Err(format!(
                        "{:?}: Azure was asked, and the caller's token was never exchanged",
                        call.call
                    ));
                }
            }
            _ => {}
        }
    }
    Ok(())
}

/// The call that caused a request, which carries a token of the person who called.
fn correlated<'a>(
    world: &World,
    asked: &'a [Asked],
    entry: &Entry,
    header: &str,
) -> Result<(&'a Asked, Identity), String> {
    let service = entry.service;
    let number = call_of(entry.header(header)).ok_or_else(|| format!("{service:?} was asked on behalf of no call"))?;
    let call = usize::try_from(number - 1).ok().and_then(|index| asked.get(index));
    let call = call.ok_or_else(|| format!("{service:?} was asked on behalf of call {number}, which nobody made"))?;
    let identity = entry.presented.identity().ok_or_else(|| format!("{:?}: {service:?} saw no token", call.call))?;
    let person = world.person(call.call.session.who);
    if identity.object_id != person.object_id {
        return Err(format!("{:?}: {service:?} was asked as {}", call.call, identity.object_id));
    }
    Ok((call, identity.clone()))
}
