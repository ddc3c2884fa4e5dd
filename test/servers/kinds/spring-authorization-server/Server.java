import static org.springframework.security.config.Customizer.withDefaults;

import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.jwk.RSAKey;
import com.nimbusds.jose.jwk.gen.RSAKeyGenerator;
import com.nimbusds.jose.jwk.source.ImmutableJWKSet;
import com.nimbusds.jose.jwk.source.JWKSource;
import com.nimbusds.jose.proc.SecurityContext;
import jakarta.servlet.http.HttpServletRequest;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Profile;
import org.springframework.core.annotation.Order;
import org.springframework.core.env.Environment;
import org.springframework.http.MediaType;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.security.authentication.AuthenticationProvider;
import org.springframework.security.config.annotation.web.builders.HttpSecurity;
import org.springframework.security.core.Authentication;
import org.springframework.security.core.userdetails.User;
import org.springframework.security.core.userdetails.UserDetailsService;
import org.springframework.security.crypto.keygen.Base64StringKeyGenerator;
import org.springframework.security.oauth2.core.AuthorizationGrantType;
import org.springframework.security.oauth2.core.ClientAuthenticationMethod;
import org.springframework.security.oauth2.core.OAuth2AuthenticationException;
import org.springframework.security.oauth2.core.OAuth2RefreshToken;
import org.springframework.security.oauth2.jwt.NimbusJwtEncoder;
import org.springframework.security.oauth2.server.authorization.JdbcOAuth2AuthorizationConsentService;
import org.springframework.security.oauth2.server.authorization.JdbcOAuth2AuthorizationService;
import org.springframework.security.oauth2.server.authorization.OAuth2TokenType;
import org.springframework.security.oauth2.server.authorization.authentication.OAuth2ClientAuthenticationToken;
import org.springframework.security.oauth2.server.authorization.client.InMemoryRegisteredClientRepository;
import org.springframework.security.oauth2.server.authorization.client.RegisteredClient;
import org.springframework.security.oauth2.server.authorization.client.RegisteredClientRepository;
import org.springframework.security.oauth2.server.authorization.settings.ClientSettings;
import org.springframework.security.oauth2.server.authorization.token.DelegatingOAuth2TokenGenerator;
import org.springframework.security.oauth2.server.authorization.token.JwtEncodingContext;
import org.springframework.security.oauth2.server.authorization.token.JwtGenerator;
import org.springframework.security.oauth2.server.authorization.token.OAuth2TokenCustomizer;
import org.springframework.security.oauth2.server.authorization.token.OAuth2TokenGenerator;
import org.springframework.security.provisioning.InMemoryUserDetailsManager;
import org.springframework.security.web.SecurityFilterChain;
import org.springframework.security.web.authentication.AuthenticationConverter;
import org.springframework.security.web.authentication.LoginUrlAuthenticationEntryPoint;
import org.springframework.security.web.util.matcher.MediaTypeRequestMatcher;
import org.springframework.web.cors.CorsConfiguration;
import org.springframework.web.cors.CorsConfigurationSource;
import org.springframework.web.cors.UrlBasedCorsConfigurationSource;

/**
 * An authorization server with one public client. With the profile `refresh`, the server also gives public clients refresh tokens,
 * and keeps them in a database.
 */
@Configuration(proxyBeanMethods = false)
@EnableAutoConfiguration
public class Server {
    public static void main(String[] args) {
        SpringApplication.run(Server.class, args);
    }

    /** The endpoints of OAuth 2.0 and OpenID Connect, with the device flow. */
    @Bean
    @Order(1)
    SecurityFilterChain endpoints(HttpSecurity http, RegisteredClientRepository clients, Environment environment) {
        // As a bean, the provider would replace the one for users.
        var publicClients = new PublicClients(clients);
        var isPage = new MediaTypeRequestMatcher(MediaType.TEXT_HTML);
        isPage.setIgnoredMediaTypes(Set.of(MediaType.ALL));
        return http.oauth2AuthorizationServer(server -> {
                    http.securityMatcher(server.getEndpointsMatcher());
                    server.oidc(withDefaults());
                    server.deviceAuthorizationEndpoint(withDefaults());
                    server.deviceVerificationEndpoint(withDefaults());
                    if (environment.matchesProfiles("refresh"))
                        server.clientAuthentication(client -> client.authenticationConverter(publicClients)
                                .authenticationProvider(publicClients));
                })
                .cors(withDefaults())
                .authorizeHttpRequests(requests -> requests.anyRequest().authenticated())
                .oauth2ResourceServer(resources -> resources.jwt(withDefaults()))
                .exceptionHandling(errors -> errors.defaultAuthenticationEntryPointFor(
                        new LoginUrlAuthenticationEntryPoint("/login"), isPage))
                .build();
    }

    /** The login page, and every other page. */
    @Bean
    @Order(2)
    SecurityFilterChain pages(HttpSecurity http) {
        return http.authorizeHttpRequests(requests -> requests.anyRequest().authenticated())
                .formLogin(withDefaults())
                .build();
    }

    @Bean
    CorsConfigurationSource corsConfigurationSource(@Value("${app.origin}") String origin) {
        var cors = new CorsConfiguration();
        cors.addAllowedOrigin(origin);
        cors.addAllowedHeader("*");
        cors.addAllowedMethod("*");
        var source = new UrlBasedCorsConfigurationSource();
        source.registerCorsConfiguration("/**", cors);
        return source;
    }

    @Bean
    RegisteredClientRepository clients(@Value("${app.redirect-uris}") List<String> redirectUris) {
        return new InMemoryRegisteredClientRepository(RegisteredClient.withId("web")
                .clientId("web")
                .clientAuthenticationMethod(ClientAuthenticationMethod.NONE)
                .authorizationGrantType(AuthorizationGrantType.AUTHORIZATION_CODE)
                .authorizationGrantType(AuthorizationGrantType.REFRESH_TOKEN)
                .authorizationGrantType(AuthorizationGrantType.DEVICE_CODE)
                .redirectUris(uris -> uris.addAll(redirectUris))
                .postLogoutRedirectUris(uris -> uris.addAll(redirectUris))
                .scopes(scopes -> scopes.addAll(List.of("openid", "profile", "email")))
                .clientSettings(ClientSettings.builder().requireProofKey(true).build())
                .build());
    }

    /** Users, as `login:password:name:email` each. */
    @Bean
    UserDetailsService users(@Value("${app.users}") List<String> users) {
        return new InMemoryUserDetailsManager(users.stream()
                .map(user -> user.split(":"))
                .map(user -> User.withUsername(user[0]).password("{noop}" + user[1]).roles("USER").build())
                .toList());
    }

    /** Adds the name and the e-mail to the ID token. The userinfo endpoint returns the same claims. */
    @Bean
    OAuth2TokenCustomizer<JwtEncodingContext> names(@Value("${app.users}") List<String> users) {
        return context -> users.stream()
                .map(user -> user.split(":"))
                .filter(user -> context.getTokenType().getValue().equals("id_token"))
                .filter(user -> user[0].equals(context.getPrincipal().getName()))
                .forEach(user -> context.getClaims().claim("name", user[2]).claim("email", user[3]));
    }

    /** What an app adds for refresh tokens in browsers. */
    @Configuration(proxyBeanMethods = false)
    @Profile("refresh")
    static class Refresh {
        @Bean
        JdbcOAuth2AuthorizationService authorizations(JdbcTemplate jdbc, RegisteredClientRepository clients) {
            return new JdbcOAuth2AuthorizationService(jdbc, clients);
        }

        @Bean
        JdbcOAuth2AuthorizationConsentService consents(JdbcTemplate jdbc, RegisteredClientRepository clients) {
            return new JdbcOAuth2AuthorizationConsentService(jdbc, clients);
        }

        /** Reads the keys from a file. The first key signs. A missing file gets a key. */
        @Bean
        JWKSource<SecurityContext> keys(@Value("${app.keys}") Path file, @Value("${app.new-key}") boolean isNew)
                throws Exception {
            var keys = new ArrayList<>(Files.exists(file) ? JWKSet.load(file.toFile()).getKeys() : List.of());
            if (keys.isEmpty() || isNew) {
                RSAKey key = new RSAKeyGenerator(2048).keyIDFromThumbprint(true).generate();
                keys.add(0, key);
                Files.writeString(file, new JWKSet(keys).toString(false));
            }
            return new ImmutableJWKSet<>(new JWKSet(keys));
        }

        /** The default generator gives refresh tokens to no public client. */
        @Bean
        OAuth2TokenGenerator<?> tokens(
                JWKSource<SecurityContext> keys, OAuth2TokenCustomizer<JwtEncodingContext> customizer) {
            var encoder = new NimbusJwtEncoder(keys);
            encoder.setJwkSelector(found -> found.get(0));
            var jwt = new JwtGenerator(encoder);
            jwt.setJwtCustomizer(customizer);
            var random = new Base64StringKeyGenerator(java.util.Base64.getUrlEncoder().withoutPadding(), 96);
            OAuth2TokenGenerator<OAuth2RefreshToken> refresh = context -> {
                if (!OAuth2TokenType.REFRESH_TOKEN.equals(context.getTokenType())) return null;
                var lifetime = context.getRegisteredClient().getTokenSettings().getRefreshTokenTimeToLive();
                return new OAuth2RefreshToken(random.generateKey(), Instant.now(), Instant.now().plus(lifetime));
            };
            return new DelegatingOAuth2TokenGenerator(jwt, refresh);
        }
    }

    /** Accepts refreshes, revocations and device logins of clients that have no secret. The server accepts codes by itself. */
    static class PublicClients implements AuthenticationConverter, AuthenticationProvider {
        private final RegisteredClientRepository clients;

        PublicClients(RegisteredClientRepository clients) {
            this.clients = clients;
        }

        @Override
        public Authentication convert(HttpServletRequest request) {
            boolean isForClients = Set.of("/oauth2/token", "/oauth2/revoke", "/oauth2/device_authorization")
                    .contains(request.getServletPath());
            String clientId = request.getParameter("client_id");
            boolean isCode = "authorization_code".equals(request.getParameter("grant_type"));
            boolean hasSecret = request.getParameter("client_secret") != null
                    || request.getParameter("client_assertion") != null
                    || request.getHeader("Authorization") != null;
            return !isForClients || clientId == null || isCode || hasSecret ? null : new PublicClient(clientId);
        }

        @Override
        public Authentication authenticate(Authentication authentication) {
            RegisteredClient client = clients.findByClientId((String) authentication.getPrincipal());
            if (client == null || !client.getClientAuthenticationMethods().contains(ClientAuthenticationMethod.NONE))
                throw new OAuth2AuthenticationException("invalid_client");
            return new OAuth2ClientAuthenticationToken(client, ClientAuthenticationMethod.NONE, null);
        }

        @Override
        public boolean supports(Class<?> type) {
            return type == PublicClient.class;
        }
    }

    static class PublicClient extends OAuth2ClientAuthenticationToken {
        PublicClient(String clientId) {
            super(clientId, ClientAuthenticationMethod.NONE, null, Map.of());
        }
    }
}
