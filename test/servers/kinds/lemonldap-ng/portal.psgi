# The portal with its static files, as the package's nginx configuration maps them.
use strict;
use warnings;
use Plack::Builder;
use Lemonldap::NG::Portal::Main;

my $portal = Lemonldap::NG::Portal::Main->run( {} );

builder {
    enable 'Static',
      path => sub { s{^/static/}{} },
      root => '/usr/share/lemonldap-ng/portal/htdocs/static/';
    enable 'Static',
      path => sub { s{^/javascript/}{} },
      root => '/usr/share/javascript/';
    $portal;
};
