-- One portable set for PostgreSQL and SQLite: no arrays, no defaults computed by the database, time as Unix seconds.

-- Facts about this installation: its public URL, when it was first started.
create table server_facts (
    name text not null primary key,
    value text not null
);

-- Random keys, wrapped by the master key: one for hashing, one for sealing, one fingerprint key per domain.
create table data_keys (
    id uuid not null primary key,
    purpose text not null,
    scope text not null,
    version bigint not null,
    wrapped bytea not null,
    created_at bigint not null,
    unique (purpose, scope, version)
);

create table domains (
    id uuid not null primary key,
    name text not null unique,
    settings jsonb not null,
    version bigint not null,
    created_at bigint not null,
    updated_at bigint not null
);

create table scopes (
    domain_id uuid not null references domains (id) on delete cascade,
    name text not null,
    label text not null,
    description text not null,
    hidden boolean not null,
    reserved boolean not null,
    self_registrable boolean not null,
    primary key (domain_id, name)
);

create table policies (
    id uuid not null primary key,
    domain_id uuid not null references domains (id) on delete cascade,
    name text not null,
    rules jsonb not null,
    version bigint not null,
    created_at bigint not null,
    updated_at bigint not null,
    unique (domain_id, name)
);

create table signing_keys (
    id uuid not null primary key,
    domain_id uuid not null references domains (id) on delete cascade,
    kid text not null,
    algorithm text not null,
    status text not null,
    public_jwk jsonb not null,
    sealed_private bytea not null,
    created_at bigint not null,
    activates_at bigint not null,
    gone_at bigint,
    unique (domain_id, kid)
);

-- A deleted client keeps its row, so that its id is never given to anybody else.
create table clients (
    domain_id uuid not null references domains (id) on delete cascade,
    client_id text not null,
    name text not null,
    origin text not null,
    status text not null,
    registrant text,
    policy_id uuid,
    metadata jsonb not null,
    settings jsonb not null,
    registration jsonb not null,
    registration_token bytea,
    previous_registration_token bytea,
    quota_source text,
    template text,
    tokens_not_before bigint not null,
    version bigint not null,
    created_at bigint not null,
    updated_at bigint not null,
    primary key (domain_id, client_id)
);

create unique index clients_by_template on clients (domain_id, template) where template is not null;
create index clients_by_quota_source on clients (domain_id, quota_source, created_at) where quota_source is not null;
create index clients_by_creation on clients (domain_id, created_at, client_id);

create table client_secrets (
    id uuid not null primary key,
    domain_id uuid not null,
    client_id text not null,
    verifier text not null,
    sealed bytea,
    superseded boolean not null,
    created_at bigint not null,
    expires_at bigint,
    foreign key (domain_id, client_id) references clients (domain_id, client_id) on delete cascade
);

create index client_secrets_by_client on client_secrets (domain_id, client_id);
create index client_secrets_by_end on client_secrets (expires_at) where expires_at is not null;

-- Last-used times are written in batches, never in a request's transaction.
create table client_usage (
    domain_id uuid not null,
    client_id text not null,
    last_used_at bigint not null,
    primary key (domain_id, client_id)
);

create table secret_usage (
    secret_id uuid not null primary key references client_secrets (id) on delete cascade,
    last_used_at bigint not null
);

-- How many clients a source has registered that nobody has authorized yet; and a registrar's own clients.
create table registration_quotas (
    domain_id uuid not null references domains (id) on delete cascade,
    source text not null,
    used bigint not null,
    primary key (domain_id, source)
);

create table initial_access_tokens (
    id uuid not null primary key,
    domain_id uuid not null references domains (id) on delete cascade,
    hash bytea not null unique,
    label text not null,
    policy_id uuid,
    max_uses bigint,
    uses bigint not null,
    expires_at bigint,
    revoked_at bigint,
    created_at bigint not null
);

create table resources (
    id uuid not null primary key,
    domain_id uuid not null references domains (id) on delete cascade,
    name text not null,
    credentials text,
    settings jsonb not null,
    version bigint not null,
    created_at bigint not null,
    updated_at bigint not null,
    unique (domain_id, name)
);

create table resource_identifiers (
    domain_id uuid not null,
    identifier text not null,
    resource_id uuid not null references resources (id) on delete cascade,
    primary key (domain_id, identifier)
);

create table resource_grants (
    domain_id uuid not null,
    resource_id uuid not null references resources (id) on delete cascade,
    client_id text not null,
    created_at bigint not null,
    primary key (resource_id, client_id)
);

-- Access tokens revoked before their end (RFC 7009); gone once expired.
create table revoked_tokens (
    domain_id uuid not null references domains (id) on delete cascade,
    jti text not null,
    expires_at bigint not null,
    primary key (domain_id, jti)
);

create index revoked_tokens_by_end on revoked_tokens (expires_at);

-- The change feed: each change of a cached thing, written in its own transaction, polled by every process.
create table changes (
    id uuid not null primary key,
    at bigint not null,
    domain_id uuid,
    kind text not null,
    subject text not null
);

create index changes_by_time on changes (at);

create table leases (
    name text not null primary key,
    holder text not null,
    expires_at bigint not null
);

create table audit_events (
    id uuid not null primary key,
    domain_id uuid,
    at bigint not null,
    actor text not null,
    action text not null,
    target text not null,
    outcome text not null,
    reason text,
    source text,
    request_id text,
    detail jsonb not null
);

create index audit_events_by_domain on audit_events (domain_id, at, id);
