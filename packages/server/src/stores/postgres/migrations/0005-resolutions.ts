/** What became of events that were set aside: who decided, when, and why. */
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  // `replayed`: taken in after all. `accepted`: the difference to what was booked first is booked as an
  // adjustment. `dismissed`: not booked, for a reason. `replayed_at` says since when it is in the ledger.
  await sql`
    alter table set_aside_events
      add column resolution text check (resolution in ('replayed', 'accepted', 'dismissed')),
      add column dismissed_at timestamptz,
      add column resolved_by text,
      add column note text,
      add check ((replayed_at is not null) = (coalesce(resolution, '') in ('replayed', 'accepted'))),
      add check ((dismissed_at is not null) = (coalesce(resolution, '') = 'dismissed')),
      add check ((resolved_by is not null) = (resolution is not null)),
      add check (resolution <> 'dismissed' or note is not null)`.execute(db);
  await sql`
    create index set_aside_events_open on set_aside_events (at, id)
    where resolution is null`.execute(db);
}
