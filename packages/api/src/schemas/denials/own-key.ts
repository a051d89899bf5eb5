/** Where a user's own provider key stands, in a denial that it could have averted. */
export interface OwnKeyView {
  /**
   * `none`: the user has none for the provider. `rejected`: the provider did not accept it. `not_supported`: calls
   * to this provider cannot be made with one here.
   */
  readonly state: 'none' | 'rejected' | 'not_supported';
  readonly provider: string;
  /** One sentence: how the user adds or replaces it; `null` where that is not possible. */
  readonly howToAdd: string | null;
}
