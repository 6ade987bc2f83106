"""Static files with hashed names, the paths inside ES modules' `import` lines included."""

from whitenoise.storage import CompressedManifestStaticFilesStorage


class HashedStaticFilesStorage(CompressedManifestStaticFilesStorage):
    """Storage with names that change with the content, so caches never expire."""

    support_js_module_import_aggregation = True
