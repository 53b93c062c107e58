#include "postgres/queries.hpp"

namespace tallyfs::postgres::queries {

/// What people define; not what an extension brings. Each name is written with its schema, which
/// holds as long as search_path is pg_catalog.
std::string schema_items() {
    const std::string users = " !~ '^pg_|information_schema'";
    const std::string users_too = " n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'";
    return "SELECT 'column', format('%I.%I.%I', n.nspname, c.relname, a.attname),"
           " format('%s %s%s default=%s ident=%s gen=%s coll=%s', a.attnum,"
           " format_type(a.atttypid, a.atttypmod), CASE WHEN a.attnotnull THEN ' not null'"
           " ELSE '' END, pg_get_expr(d.adbin, d.adrelid), a.attidentity, a.attgenerated,"
           " a.attcollation)"
           " FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid"
           " JOIN pg_namespace n ON n.oid = c.relnamespace"
           " LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum"
           " WHERE a.attnum > 0 AND NOT a.attisdropped"
           " AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'c') AND" +
           users_too +
           " UNION ALL SELECT 'relation', format('%I.%I', n.nspname, c.relname),"
           " format('%s persist=%s opts=%s rls=%s owner=%s', c.relkind, c.relpersistence,"
           " c.reloptions, c.relrowsecurity, pg_get_userbyid(c.relowner))"
           " FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
           " WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S', 'c') AND" +
           users_too +
           " UNION ALL SELECT 'constraint', format('%s.%I', conrelid::regclass, conname),"
           " pg_get_constraintdef(oid) || CASE WHEN convalidated THEN '' ELSE ' NOT VALID' END"
           " FROM pg_constraint WHERE conrelid <> 0 AND connamespace::regnamespace::text" +
           users +
           " UNION ALL SELECT 'index', indexrelid::regclass::text,"
           " pg_get_indexdef(indexrelid) || CASE WHEN indisvalid THEN '' ELSE ' INVALID' END"
           " FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid"
           " WHERE c.relnamespace::regnamespace::text" +
           users +
           " UNION ALL SELECT 'view', c.oid::regclass::text, pg_get_viewdef(c.oid)"
           " FROM pg_class c WHERE relkind IN ('v', 'm') AND relnamespace::regnamespace::text" +
           users +
           " UNION ALL SELECT 'function', p.oid::regprocedure::text,"
           " md5(pg_get_functiondef(p.oid)) FROM pg_proc p WHERE prokind IN ('f', 'p')"
           " AND pronamespace::regnamespace::text" +
           users +
           " AND NOT EXISTS (SELECT FROM pg_depend x WHERE x.objid = p.oid AND x.deptype = 'e')"
           " UNION ALL SELECT 'trigger', format('%s.%I', tgrelid::regclass, tgname),"
           " pg_get_triggerdef(oid) || ' ' || tgenabled::text FROM pg_trigger"
           " WHERE NOT tgisinternal LIMIT " +
           std::to_string(schema_items_max + 1);
}

}  // namespace tallyfs::postgres::queries
