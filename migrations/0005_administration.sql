-- Administration: who administers, what they look through, what happened when.

-- Those who administer the server, or some of its domains.
create table administrators (
    id uuid not null primary key,
    username text not null,
    -- Folded by the server: what must be unique, and what a login is looked up by.
    username_key text not null unique,
    role text not null,
    -- Whether every domain is within reach; else those of administrator_domains.
    all_domains boolean not null,
    password text not null,
    -- The sealed secret of the second factor, and the last time step whose code was used (RFC 6238 §5.2).
    totp bytea,
    totp_last_step bigint not null,
    enabled boolean not null,
    version bigint not null,
    created_at bigint not null,
    updated_at bigint not null,
    last_login_at bigint
);

create table administrator_domains (
    administrator_id uuid not null references administrators (id) on delete cascade,
    domain_id uuid not null references domains (id) on delete cascade,
    primary key (administrator_id, domain_id)
);

create index administrator_domains_by_domain on administrator_domains (domain_id);

-- Until the second factor was given, a session counts for nothing but giving it.
create table administrator_sessions (
    id uuid not null primary key,
    administrator_id uuid not null references administrators (id) on delete cascade,
    hash bytea not null unique,
    confirmed boolean not null,
    device text not null,
    source text not null,
    created_at bigint not null,
    last_seen_at bigint not null,
    expires_at bigint not null
);

create index administrator_sessions_by_administrator on administrator_sessions (administrator_id);
create index administrator_sessions_by_end on administrator_sessions (expires_at);

-- Access tokens for administration by programs; not of OAuth.
create table api_tokens (
    id uuid not null primary key,
    hash bytea not null unique,
    label text not null,
    role text not null,
    -- The one domain within its reach; null: all of them.
    domain_id uuid references domains (id) on delete cascade,
    created_by text not null,
    created_at bigint not null,
    expires_at bigint,
    last_used_at bigint,
    revoked_at bigint
);

-- What POST requests with an idempotency key were answered, so that a repeated one is answered alike. Answers may hold
-- secrets: they are sealed. No status: the request is being worked on.
create table idempotent_requests (
    owner text not null,
    key_hash bytea not null,
    request_hash bytea not null,
    status bigint,
    answer bytea,
    created_at bigint not null,
    expires_at bigint not null,
    primary key (owner, key_hash)
);

create index idempotent_requests_by_end on idempotent_requests (expires_at);

-- What lists are searched by: the words of names and identifiers, folded by the server. Bytes, because the order of
-- texts differs between databases and the beginnings of words are looked up as ranges. No reference to the domain: it
-- would be looked up for every word of every registration.
create table search_words (
    domain_id uuid not null,
    kind text not null,
    word bytea not null,
    target text not null,
    primary key (domain_id, kind, word, target)
);

create index search_words_by_target on search_words (domain_id, kind, target, word);

-- What happened in each hour. No reference to the domain: a batch is written for many of them.
create table hourly_counts (
    domain_id uuid not null,
    -- Seconds at which the hour began.
    hour bigint not null,
    name text not null,
    label text not null,
    count bigint not null,
    primary key (domain_id, hour, name, label)
);

create index hourly_counts_by_hour on hourly_counts (hour);

create index clients_by_origin on clients (domain_id, origin, status, created_at, client_id);
create index client_secrets_by_domain_and_end on client_secrets (domain_id, expires_at) where expires_at is not null;
create index consents_by_resource on consents (domain_id, resource, granted_at);

-- Lists go by id, which sorts by time.
drop index audit_events_by_domain;
create index audit_events_by_domain on audit_events (domain_id, id);
create index audit_events_by_target on audit_events (domain_id, target, id);

alter table scopes add column version bigint not null default 1;

-- The logo on a domain's login page.
create table domain_logos (
    domain_id uuid not null primary key references domains (id) on delete cascade,
    media_type text not null,
    image bytea not null,
    updated_at bigint not null
);
