//! The tools that answer about costs, asked over the wire about a year of the lab's costs: 3 subscriptions, more
//! currencies than one, tags, the marketplace, a reservation, credits.
//!
//! Proves that every answer is what another computation over the same data gives, follows the schema that was shown for
//! it, and is given to nobody whom Azure refuses. What Azure's own data looks like, only a live tenant can show.

mod answers;
mod budgets;
mod comparison;
mod export;
mod forecast;
mod hostile;
mod ledger;
mod limits;
mod markdown;
mod query;
mod sentences;
mod services;
mod tenant;
