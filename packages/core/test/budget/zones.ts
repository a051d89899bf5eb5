/** Zones whose clocks do something that a careless calendar gets wrong. */
export const ODD_ZONES: readonly string[] = [
  'UTC',
  'Europe/Berlin',
  'America/New_York',
  'America/Los_Angeles',
  'Pacific/Apia', // skipped 30 December 2011
  'Pacific/Kwajalein', // skipped 21 August 1993
  'Pacific/Kiritimati', // +14, skipped 31 December 1994
  'Pacific/Pago_Pago', // −11
  'Australia/Lord_Howe', // puts its clocks back by half an hour
  'Asia/Kathmandu', // +5:45, before that +5:30
  'Asia/Kolkata',
  'Pacific/Chatham', // +12:45 and +13:45
  'America/St_Johns', // −3:30, put back at one minute past midnight
  'America/Sao_Paulo', // put forward at midnight: days without a beginning
  'America/Havana',
  'Asia/Beirut',
  'Africa/Cairo',
  'Africa/Casablanca', // puts its clocks back for Ramadan
  'Africa/Monrovia', // −0:44:30 until 1972
  'Antarctica/Troll', // two hours of difference
  'Antarctica/Casey', // changed by three hours
  'Asia/Pyongyang',
  'America/Caracas',
  'Europe/Dublin',
];
