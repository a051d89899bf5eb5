/** By which types Bursar's own answers are told from the provider's. */

/** The type of the error of a refused call. */
export const DENIED_TYPE = 'bursar_denied';
/** The type of the error when Bursar itself could not decide. */
export const BURSAR_ERROR_TYPE = 'bursar_error';
