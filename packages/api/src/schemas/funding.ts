/** Who pays for a call: the service out of its budgets, or the user with a key of their own. */
export type FundingView =
  | { readonly source: 'service' }
  | {
      /** The call must be made with the user's own key, and is charged to no budget of the service. */
      readonly source: 'own_key';
      readonly provider: string;
      /** The registered key, as `keys.list` shows it; `keys.open` answers with it where the server keeps it. */
      readonly keyId: string;
    };
