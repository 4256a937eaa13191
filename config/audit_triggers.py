"""What keeps rows of the audit log as they are inside the database itself, whoever asks: triggers."""

TABLE = "hub_auditentry"
TOLD = "The audit log is only ever added to."

SQLITE_ON = [
    f"CREATE TRIGGER {TABLE}_no_{verb.lower()} BEFORE {verb} ON {TABLE} BEGIN SELECT RAISE(ABORT, '{TOLD}'); END"
    for verb in ("UPDATE", "DELETE")
]
SQLITE_OFF = [f"DROP TRIGGER IF EXISTS {TABLE}_no_{verb}" for verb in ("update", "delete")]

POSTGRES_ON = [
    f"CREATE FUNCTION {TABLE}_refuse() RETURNS trigger LANGUAGE plpgsql AS "
    f"$$ BEGIN RAISE EXCEPTION '{TOLD}' USING ERRCODE = 'integrity_constraint_violation'; END $$",
    f"CREATE TRIGGER {TABLE}_rows BEFORE UPDATE OR DELETE ON {TABLE} FOR EACH ROW EXECUTE FUNCTION {TABLE}_refuse()",
    f"CREATE TRIGGER {TABLE}_all BEFORE TRUNCATE ON {TABLE} FOR EACH STATEMENT EXECUTE FUNCTION {TABLE}_refuse()",
]
POSTGRES_OFF = [
    f"DROP TRIGGER IF EXISTS {TABLE}_rows ON {TABLE}",
    f"DROP TRIGGER IF EXISTS {TABLE}_all ON {TABLE}",
    f"DROP FUNCTION IF EXISTS {TABLE}_refuse()",
]
