//! The tenant of a program: whose roles are where, and by what the data of each subscription is told.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
};

use lab::{
    Lab,
    people::Person,
    resource_manager::{Alert, Budget, CostRow, Denial, ResourceManager, Role, Scope, Text},
};
use time::{Duration, OffsetDateTime};

use super::program::{Place, Session, Who};

/// Rows of a subscription on one day: few, because every query adds them up.
const ROWS_A_DAY: usize = 4;

/// What Azure's role is called here.
const ROLE: Role = Role::CostManagementReader;

pub(super) struct World {
    pub(super) lab: Lab,
    guest: Person,
    roles: Mutex<BTreeSet<(Who, Place)>>,
    marks: BTreeMap<Place, Vec<String>>,
}

impl World {
    pub(super) async fn start() -> Self {
        let guest = Person {
            object_id: "2f60c1de-7a39-4b58-9d14-c8e5b3a07f62".to_owned(),
            user_principal_name: "guest@contoso.example".to_owned(),
            display_name: "Guest".to_owned(),
        };
        let lab = Lab::builder().person(&guest).start().await.unwrap();
        lab.entra().admin_consents("cost.export");
        tell_apart(lab.resource_manager());
        let marks = marks(lab.resource_manager());
        let world = Self { lab, guest, roles: Mutex::default(), marks };
        world.revoke(Who::Alice, Place::Prod);
        for (who, place) in [
            (Who::Alice, Place::Prod),
            (Who::Alice, Place::Analytics),
            (Who::Bob, Place::Dev),
            (Who::Bob, Place::Analytics),
        ] {
            world.grant(who, place);
        }
        world
    }

    pub(super) fn person(&self, who: Who) -> &Person {
        match who {
            Who::Alice => self.lab.alice(),
            Who::Bob => self.lab.bob(),
            Who::Guest => &self.guest,
        }
    }

    /// A token, with `id` for its `uti`.
    pub(super) fn sign_in(&self, session: Session, id: &str) -> String {
        let request = self.lab.token(self.person(session.who)).scope("cost.read").scope("cost.export").claim("uti", id);
        if session.second { request.with_mfa() } else { request }.issue().unwrap()
    }

    pub(super) fn grant(&self, who: Who, place: Place) {
        self.lab.resource_manager().assign_role(self.person(who), place.id(), ROLE);
        self.roles.lock().unwrap().insert((who, place));
    }

    pub(super) fn revoke(&self, who: Who, place: Place) {
        self.lab.resource_manager().remove_role(self.person(who), place.id(), ROLE);
        self.roles.lock().unwrap().remove(&(who, place));
    }

    pub(super) fn forbid(&self, place: Place) {
        self.lab.resource_manager().set_denial(place.id(), Denial::AuthorizationFailed);
    }

    /// Whether Azure would show them the subscription now.
    pub(super) fn may_see(&self, who: Who, place: Place) -> bool {
        self.roles.lock().unwrap().contains(&(who, place))
    }

    /// The first mark of the subscription in `text`, but for those that stand in `question` too: they are an echo.
    pub(super) fn marks_in(&self, place: Place, text: &str, question: &str) -> Option<&str> {
        let is_found = |mark: &&String| text.contains(mark.as_str()) && !question.contains(mark.as_str());
        self.marks[&place].iter().find(is_found).map(String::as_str)
    }

    /// What names somebody else in `text`.
    pub(super) fn others_in(&self, who: Who, text: &str) -> Option<&str> {
        let others = Who::ALL.into_iter().filter(|other| *other != who).map(|other| self.person(other));
        let mut names = others.flat_map(|person| [&*person.object_id, &*person.user_principal_name]);
        names.find(|name| text.contains(name))
    }
}

/// Fewer rows than the lab has, and none whose texts or currency another subscription has too.
fn tell_apart(azure: &ResourceManager) {
    let since = OffsetDateTime::now_utc().date() - Duration::days(70);
    let mut rows = Vec::<CostRow>::new();
    let mut counts = BTreeMap::new();
    for row in azure.rows().iter().filter(|row| row.date >= since) {
        let count = counts.entry((row.subscription_id.to_string(), row.date)).or_insert(0);
        if *count < ROWS_A_DAY {
            *count += 1;
            rows.push(own(row.clone()));
        }
    }
    azure.set_rows(rows);
    let budgets = azure.budgets();
    let (alerts, budget) = (azure.alerts(), budgets.first().unwrap());
    let alert = alerts.first().unwrap();
    azure.set_budgets(Place::ALL.map(|place| budget_of(place, budget.clone())).to_vec());
    azure.set_alerts(Place::ALL.map(|place| alert_of(place, alert.clone())).to_vec());
}

fn currency(place: Place) -> Text {
    Text::Borrowed(match place {
        Place::Prod => "CHF",
        Place::Dev => "SEK",
        Place::Analytics => "NOK",
    })
}

fn own(mut row: CostRow) -> CostRow {
    let place = Place::ALL.into_iter().find(|place| place.id() == row.subscription_id).unwrap();
    let name = row.subscription_name.clone();
    let of_it = |text: &Text| Text::Owned(format!("{text} of {name}"));
    row.service_name = of_it(&row.service_name);
    row.meter_category = of_it(&row.meter_category);
    row.meter = of_it(&row.meter);
    row.resource_group = Text::Owned(format!("rg-{name}-{}", row.resource_group));
    row.resource_name = Text::Owned(format!("{name}-{}", row.resource_name));
    for (_, value) in &mut row.tags {
        *value = of_it(value);
    }
    row.currency = currency(place);
    row
}

fn budget_of(place: Place, budget: Budget) -> Budget {
    let name = Text::Owned(format!("budget of {place:?}"));
    Budget { scope: Scope::subscription(place.id()), name, currency: currency(place), filter: None, ..budget }
}

fn alert_of(place: Place, alert: Alert) -> Alert {
    let (budget, description) = (format!("budget of {place:?}"), format!("alert of {place:?}"));
    let scope = Scope::subscription(place.id());
    Alert { scope, budget: budget.into(), description: description.into(), currency: currency(place), ..alert }
}

/// Every text of the world that stands in the data of one subscription and of no other.
fn marks(azure: &ResourceManager) -> BTreeMap<Place, Vec<String>> {
    let texts: BTreeMap<Place, BTreeSet<String>> = Place::ALL.map(|place| (place, texts(azure, place))).into();
    let is_of_another = |place: Place, text: &String| {
        texts.iter().any(|(other, texts)| *other != place && texts.iter().any(|other| other.contains(text)))
    };
    let marks = texts.iter().map(|(place, texts)| {
        let marks = texts.iter().filter(|text| text.len() >= 3 && !is_of_another(*place, text));
        (*place, marks.cloned().collect::<Vec<_>>())
    });
    let marks: BTreeMap<_, _> = marks.collect();
    assert!(marks.values().all(|marks| marks.len() > 20), "few marks prove little: {marks:?}");
    marks
}

fn texts(azure: &ResourceManager, place: Place) -> BTreeSet<String> {
    const DIMENSIONS: [&str; 7] = [
        "SubscriptionId",
        "SubscriptionName",
        "ResourceGroupName",
        "ResourceId",
        "ServiceName",
        "MeterCategory",
        "Meter",
    ];
    let rows: Arc<Vec<CostRow>> = azure.rows();
    let mut texts = BTreeSet::new();
    for row in rows.iter().filter(|row| row.subscription_id == place.id()) {
        texts.extend(DIMENSIONS.map(|dimension| row.dimension(dimension).into_owned()));
        texts.extend(row.tags.iter().map(|(_, value)| value.to_string()));
        texts.extend([row.resource_name.to_string(), row.currency.to_string()]);
    }
    let scope = Scope::subscription(place.id());
    texts.extend(azure.budgets().iter().filter(|budget| budget.scope == scope).map(|budget| budget.name.to_string()));
    let alerts = azure.alerts();
    texts.extend(alerts.iter().filter(|alert| alert.scope == scope).map(|alert| alert.description.to_string()));
    texts
}
