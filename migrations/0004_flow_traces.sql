-- The timelines of login attempts, kept for a day. No reference to the domain: a batch is written for many of them, and
-- one that is gone must not lose the others' steps.

create table flow_steps (
    id uuid not null primary key,
    domain_id uuid not null,
    attempt text,
    client_id text,
    at bigint not null,
    step text not null,
    outcome text not null,
    code text,
    reason text,
    source text,
    detail jsonb not null
);

create index flow_steps_by_attempt on flow_steps (domain_id, attempt);
create index flow_steps_by_client on flow_steps (domain_id, client_id, at);
create index flow_steps_by_time on flow_steps (at);
