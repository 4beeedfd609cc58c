//! Lists, searches and statistics of a domain with very many clients, on PostgreSQL, each within its limit.
//!
//! `REGISTRAR_SCALE` says how many clients (20,000 unless told otherwise); with `REGISTRAR_SCALE_EXPLAIN` set nothing
//! is asserted about time.

use std::time::{Duration, Instant};

use registrar::model::client::{ClientStatus, Origin};
use registrar::model::client_type::ClientType;
use registrar::model::id::DomainId;
use registrar::model::statistics::{DAY, HOUR, Period};
use registrar::model::time::{Clock, UnixTime};
use registrar::store::audit_list::AuditQuery;
use registrar::store::client_list::{ClientListQuery, Direction, Unused};
use registrar::store::user_list::UserListQuery;
use registrar::store::{ConnectOptions, Store};

use crate::support::{Backend, Database};

/// Of lists, in milliseconds; of statistics thrice as much.
const LIMIT: u128 = 100;

const NOW: i64 = 1_800_000_000;

/// The domain, and clients of every kind: most are of a gateway, one in a thousand was made by hand, and used are a third.
const FILL: [&str; 14] = [
    "insert into domains values ('00000000-0000-7000-8000-000000000001', 'big', '{}', 1, 0, 0)",
    "create table numbered as select n, md5('client' || n) as id,
     (array['Acme','Globex','Initech','Umbrella','Stark','Wayne','Hooli','Vandelay'])[1 + (n * 7) % 8] || ' ' ||
     (array['CRM','Portal','Billing','Mobile','Gateway','Reports','Chat','Search','Shop','Wiki'])[1 + (n * 3) % 10]
     || ' Application ' || n || case when n % 50000 = 17 then ' Zanzibar' else '' end as name
     from generate_series(1, $N) n",
    "insert into clients (domain_id, client_id, name, origin, status, registrant, policy_id, metadata, settings,
     registration, registration_token, previous_registration_token, quota_source, template, tokens_not_before, version,
     created_at, updated_at)
     select '00000000-0000-7000-8000-000000000001', id, name,
     case when n % 1000 = 0 then 'manual' when n % 3 = 0 then 'open' when n % 5 = 0 then 'content_addressed'
          else 'gateway' end,
     case when n % 97 = 0 then 'suspended' when n % 89 = 0 then 'deleted' else 'active' end,
     'gateway-' || n % 7, null,
     jsonb_build_object('client_name', name, 'application_type', case when n % 4 = 0 then 'native' else 'web' end,
       'redirect_uris', jsonb_build_array('https://app' || n || '.example.com/oauth/callback', 'http://127.0.0.1/cb'),
       'grant_types', '[\"authorization_code\", \"refresh_token\"]'::jsonb, 'response_types', '[\"code\"]'::jsonb,
       'token_endpoint_auth_method', 'client_secret_basic', 'scope', 'openid profile email offline_access',
       'contacts', jsonb_build_array('owner' || n || '@example.com'), 'client_uri', 'https://app' || n || '.example.com'),
     '{\"may_introspect\": false, \"require_pkce\": false, \"resource_credentials\": false, \"trusted\": false}',
     jsonb_build_object('asked', jsonb_build_object('client_name', name, 'redirect_uris',
       jsonb_build_array('https://app' || n || '.example.com/oauth/callback', 'http://127.0.0.1/cb'), 'scope',
       'openid profile email offline_access'), 'told', jsonb_build_object('client_name', name, 'scope',
       'openid profile email offline_access', 'client_id_issued_at', n, 'redirect_uris',
       jsonb_build_array('https://app' || n || '.example.com/oauth/callback', 'http://127.0.0.1/cb'), 'grant_types',
       '[\"authorization_code\", \"refresh_token\"]'::jsonb), 'base_url', 'https://login.example.com'),
     decode(md5('t' || n), 'hex'), null, null, null, 0, 1, 1800000000 - ($N - n) * 30, 1800000000 from numbered",
    "alter table search_words drop constraint search_words_pkey",
    "drop index search_words_by_target",
    "insert into search_words select distinct '00000000-0000-7000-8000-000000000001'::uuid, 'client',
     convert_to(word, 'UTF8'), id from (select id, lower(id) as word from numbered where n % 89 <> 0 or n % 97 = 0
     union all select id, unnest(string_to_array(lower(name), ' ')) from numbered where n % 89 <> 0 or n % 97 = 0) w",
    "insert into client_usage select '00000000-0000-7000-8000-000000000001', id, 1800000000 - n * 7 % 10000000
     from numbered where n % 3 = 0",
    "insert into users select gen_random_uuid(), '00000000-0000-7000-8000-000000000001', 'user' || n, 'user' || n,
     'user' || n || '@example.com', 'user' || n || '@example.com', true, null, '{}', n % 500 <> 0, 1, 0, 0
     from numbered where n % 5 = 0",
    "insert into search_words select '00000000-0000-7000-8000-000000000001', 'user', convert_to(word, 'UTF8'), key from
     (select username_key as key, username_key as word from users union all select username_key, email_key from users) w",
    "alter table search_words add primary key (domain_id, kind, word, target)",
    "create index search_words_by_target on search_words (domain_id, kind, target, word)",
    "insert into audit_events select (lpad(to_hex((1800000000 - ($N - n) * 30)::bigint * 1000), 12, '0') || '7000' || '8'
     || lpad(to_hex(n), 15, '0'))::uuid, '00000000-0000-7000-8000-000000000001', 1800000000 - ($N - n) * 30,
     'client:gateway-' || n % 7, case when n % 10 = 0 then 'client.update' else 'client.register' end, id,
     case when n % 5000 = 0 then 'refused' else 'done' end, null, '192.0.2.1', md5('r' || n), '{}' from numbered",
    "insert into hourly_counts select '00000000-0000-7000-8000-000000000001', 1800000000 - hour * 3600, name, label, hour
     from generate_series(0, 9599) hour, (values ('registration', 'gateway'), ('registration', 'open'),
     ('registration_refused', 'redirect-uri'), ('token', 'authorization_code'), ('token', 'client_credentials'),
     ('token', 'refresh_token'), ('token_refused', 'invalid_client'), ('token_refused', 'invalid_grant'),
     ('introspection', 'active'), ('introspection', 'inactive'), ('login', 'done'), ('login', 'refused'),
     ('sign_up', '')) as kinds (name, label)",
    "drop table numbered",
];

#[tokio::test]
async fn a_domain_of_very_many_clients_is_looked_through_within_the_limits() {
    let Some(database) = Database::fresh(Backend::Postgres).await else { return };
    let clients = std::env::var("REGISTRAR_SCALE").ok().and_then(|text| text.parse().ok()).unwrap_or(20_000_i64);
    let options = ConnectOptions {
        url: database.secret_url(),
        max_connections: 2,
        acquire_timeout: 600,
        exclusive: false,
        cache_capacity: 1 << 20,
    };
    let store = Store::connect(&options, Clock::manual(UnixTime(NOW))).await.unwrap();
    for sql in FILL {
        database.execute(&sql.replace("$N", &clients.to_string())).await;
    }
    for table in ["clients", "search_words", "client_usage", "users", "audit_events", "hourly_counts"] {
        database.execute(&format!("vacuum analyze {table}")).await;
    }
    let domain_id = DomainId("00000000-0000-7000-8000-000000000001".parse().unwrap());
    let scene = Scene { store, domain_id, clients, slow: Vec::new() };
    scene.run().await;
}

struct Scene {
    store: Store,
    domain_id: DomainId,
    clients: i64,
    slow: Vec<String>,
}

fn asked() -> ClientListQuery {
    ClientListQuery { limit: 50, ..ClientListQuery::default() }
}

fn search(text: &str) -> ClientListQuery {
    ClientListQuery { search: text.to_owned(), ..asked() }
}

impl Scene {
    async fn run(mut self) {
        let deep = self.deep().await;
        let id = self.some_id().await;
        let quiet = |days: i64| Some(Unused::Since(UnixTime(NOW - days * DAY)));
        for (name, query, least) in [
            ("first page", asked(), 50),
            ("oldest first", ClientListQuery { direction: Direction::OldestFirst, ..asked() }, 50),
            ("page 1,000 or the middle", ClientListQuery { cursor: deep, ..asked() }, 50),
            ("by id", search(&id), 1),
            ("by the beginning of an id", search(&id[..5]), 1),
            ("by one character", search("a"), 50),
            ("by a common word", search("application"), 50),
            ("by a product's word", search("crm"), 50),
            ("by a rare word", search("zanzibar"), 1),
            ("by two words", search("acme crm"), 0),
            ("by a common and a rare word", search("application zanz"), 0),
            ("by two common words that never meet", search("application qqqq"), 0),
            ("of a rare origin", ClientListQuery { origin: Some(Origin::Manual), ..asked() }, 10),
            ("of an origin", ClientListQuery { origin: Some(Origin::Open), ..asked() }, 50),
            ("suspended", ClientListQuery { status: Some(ClientStatus::Suspended), ..asked() }, 50),
            ("never used", ClientListQuery { unused: Some(Unused::Ever), ..asked() }, 50),
            ("unused for long", ClientListQuery { unused: quiet(90), ..asked() }, 50),
            ("unused, of an origin", ClientListQuery { unused: quiet(90), origin: Some(Origin::Open), ..asked() }, 0),
            ("by application_type", ClientListQuery { application_type: Some("native".to_owned()), ..asked() }, 50),
            ("by type", ClientListQuery { client_type: Some(ClientType::Native), ..asked() }, 50),
            ("by a rare type", ClientListQuery { client_type: Some(ClientType::GatewayRegistrar), ..asked() }, 0),
            ("by registrant", ClientListQuery { registrant: Some("gateway-3".to_owned()), ..asked() }, 50),
            ("nobody's", ClientListQuery { registrant: Some("nobody".to_owned()), ..asked() }, 0),
            ("templates", ClientListQuery { template: Some(true), ..asked() }, 0),
            ("by word, never used", ClientListQuery { unused: Some(Unused::Ever), ..search("crm") }, 10),
            ("by word, nobody's", ClientListQuery { registrant: Some("nobody".to_owned()), ..search("crm") }, 0),
        ] {
            self.measure(name, 1, async |scene| {
                let page = scene.store.list_clients(scene.domain_id, &query).await.unwrap().unwrap();
                assert!(page.items.len() >= least, "{name}: {} found", page.items.len());
                format!("{} items, total {:?}, all examined: {}", page.items.len(), page.total, page.examined_all)
            })
            .await;
        }
        self.users_and_events().await;
        self.statistics().await;
        assert!(self.slow.is_empty(), "{}", self.slow.join("\n"));
    }

    async fn users_and_events(&mut self) {
        let users = |search: &str, enabled| UserListQuery {
            search: search.to_owned(),
            enabled,
            limit: 50,
            ..UserListQuery::default()
        };
        for (name, query) in [
            ("users", users("", None)),
            ("users by name", users("user100", None)),
            ("users, disabled", users("", Some(false))),
            ("users by a common word", users("user", None)),
        ] {
            self.measure(name, 1, async |scene| {
                let page = scene.store.list_users(scene.domain_id, &query).await.unwrap().unwrap();
                format!("{} items, total {:?}", page.items.len(), page.total)
            })
            .await;
        }
        let id = self.some_id().await;
        let events = || AuditQuery { limit: 50, ..AuditQuery::default() };
        let span = (Some(UnixTime(NOW - self.clients * 15)), Some(UnixTime(NOW - self.clients * 15 + DAY)));
        for (name, query) in [
            ("events", events()),
            ("events of a thing", AuditQuery { target: Some(id), ..events() }),
            ("events of an actor", AuditQuery { actor: Some("nobody".to_owned()), ..events() }),
            ("events of a kind", AuditQuery { action: Some("client_secret.".to_owned()), ..events() }),
            ("events of a time", AuditQuery { from: span.0, before: span.1, ..events() }),
        ] {
            self.measure(name, 1, async |scene| {
                let page = scene.store.audit_events(scene.domain_id, &query).await.unwrap().unwrap();
                format!("{} items, all examined: {}", page.items.len(), page.examined_all)
            })
            .await;
        }
    }

    async fn statistics(&mut self) {
        for (name, period) in [
            ("counts of two days by hour", Period::until(UnixTime(NOW), HOUR, 48)),
            ("counts of 400 days by day", Period::until(UnixTime(NOW), DAY, 400)),
        ] {
            self.measure(name, 3, async |scene| {
                format!("{} rows", scene.store.counts(scene.domain_id, &period).await.unwrap().len())
            })
            .await;
        }
        self.measure("clients by origin and status", 3, async |scene| {
            format!("{} pairs", scene.store.client_counts(scene.domain_id).await.unwrap().len())
        })
        .await;
        self.measure("all of an overview", 3, async |scene| {
            let period = Period::until(UnixTime(NOW), DAY, 30);
            let counts = scene.store.counts(scene.domain_id, &period).await.unwrap().len();
            let clients = scene.store.client_counts(scene.domain_id).await.unwrap().len();
            let users = scene.store.user_count(scene.domain_id).await.unwrap();
            let until = UnixTime(NOW + 30 * DAY);
            let ending = scene.store.expiring_secrets(scene.domain_id, until, 50).await.unwrap().len();
            format!("{counts} rows, {clients} pairs, {users:?}, {ending} secrets")
        })
        .await;
    }

    /// The median of a few runs, after one that warms up.
    async fn measure(&mut self, name: &str, times: u128, run: impl AsyncFn(&Self) -> String) {
        let mut told = run(self).await;
        let mut taken = Vec::new();
        for _ in 0..7 {
            let began = Instant::now();
            told = run(self).await;
            taken.push(began.elapsed());
        }
        taken.sort_unstable();
        let (median, worst) = (taken[taken.len() / 2], taken[taken.len() - 1]);
        let shown = |time: Duration| f64::from(u32::try_from(time.as_micros()).unwrap_or(u32::MAX)) / 1_000.0;
        eprintln!("{name}: {:.1} ms, at worst {:.1} ms ({told})", shown(median), shown(worst));
        if median.as_millis() > LIMIT * times && std::env::var_os("REGISTRAR_SCALE_EXPLAIN").is_none() {
            self.slow.push(format!("{name}: {median:?}"));
        }
    }

    /// The cursor of page 1,000, or of the middle where there are fewer.
    async fn deep(&self) -> Option<String> {
        let mut query = ClientListQuery { limit: 200, ..asked() };
        for _ in 0..(self.clients / 400).min(250) {
            query.cursor = self.store.list_clients(self.domain_id, &query).await.unwrap().unwrap().next;
        }
        query.cursor
    }

    async fn some_id(&self) -> String {
        let page = self.store.list_clients(self.domain_id, &asked()).await.unwrap().unwrap();
        page.items[30].client.client_id.0.clone()
    }
}
