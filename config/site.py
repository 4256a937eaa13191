"""The admin site: Crossdock's name and home page over Django's own admin."""

from django.contrib.admin import AdminSite


class HubSite(AdminSite):
    site_header = "Crossdock"
    site_title = "Crossdock"
    index_title = "Today"
