import { describe, it } from 'vitest';
import { play } from './scenario.ts';

describe('transition', () => {
  it('reserves, settles below, and gives the rest back', () => {
    play(`
      reserve r1 50
      = settled 0 reserved 50 available 50 sequence 1
      settle r1 30
      = settled 30 reserved 0 available 70 sequence 2
    `);
  });

  it('answers by the documented precedence: not found, ended, replayed, out of range, denied, applied', () => {
    play(`
      extend r9 999999   -> reservation_not_found
      reserve r1 60
      settle r1 60
      extend r1 999999   -> reservation_already_settled
      reserve r1 999999  -> reservation_already_settled
      reserve r2 40
      reserve r2 999999  -> again
      limit none
      reserve r3 9007199254740992 -> amount_out_of_range
      limit 100
      reserve r3 1       -> missing 1
      reserve r3 0       -> ok
    `);
  });

  it('treats a reservation past its deadline as open until somebody ends it', () => {
    play(`
      reserve r1 100
      wait 60s
      reserve r2 1 -> missing 1
      extend r1 100
      expire r1 -> again
      wait 10s
      expire r1
      = settled 0 reserved 0 available 100
    `);
  });

  it('charges a dispatched reservation when it expires, and corrects it when the truth arrives', () => {
    play(`
      reserve r1 80
      mark r1
      mark r1 -> again
      wait 10s
      expire r1
      = settled 80 reserved 0
      release r1 -> reservation_expired
      part r1 50 -> again
      settle r1 30 -> ok late
      = settled 30 reserved 0
      settle r1 30 -> again
      settle r1 31 -> reservation_already_settled
    `);
  });

  it('keeps partial settlements through release and expiry', () => {
    play(`
      reserve r1 50
      part r1 20
      release r1
      = settled 20 reserved 0
      reserve r2 50
      mark r2
      part r2 20
      wait 10s
      expire r2
      = settled 70 reserved 0
    `);
  });

  it('books overage as what exceeds that which was still set aside', () => {
    play(`
      reserve r1 50
      part r1 70  -> ok over 20
      = settled 70 reserved 0 available 30
      settle r1 75 -> ok over 5
      reserve r2 50 -> missing 25
      reserve r2 10
      release r2
      settle r2 4 -> ok late over 4
      = settled 79 reserved 0
    `);
  });

  it('joins reports by rank, keeps the first truth, and flags a contradiction', () => {
    play(`
      ingest r1 released 0
      ingest r1 expired 40
      ingest r1 expired 30 -> again
      ingest r1 released 0 -> again
      ingest r1 settled 10 -> ok late
      ingest r1 settled 10 -> again
      ingest r1 settled 11 -> conflict
      ingest r1 expired 90 -> again
      = settled 10 reserved 0
      reserve r2 50
      ingest r2 settled 60 -> ok over 10
      = settled 70 reserved 0
    `);
  });

  it('administers: limits at once, grants and adjustments once under their key', () => {
    play(`
      limit 100 -> again
      limit 20
      reserve r1 21 -> missing 1
      grant g1 5
      grant g1 5 -> again
      grant g1 6 -> idempotency_key_reused
      reserve r1 25
      settle r1 25
      adjust a1 -30 -> amount_out_of_range
      adjust a1 -10
      adjust a1 -10 -> again
      = settled 15 reserved 0 granted 5 available 10
      limit none
      = available null
      limit 0
      reserve r2 1 -> missing 1
      reserve r2 0
    `);
  });
});
