/** The key that a test's platform seals by: of nobody's but the tests. */
export const ENCRYPTION_KEYS = "test:FGEeUpJIwkCXVXBM0thhXBkPmWVzTzSjL9iV+WUUP9k=";
