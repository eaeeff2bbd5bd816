using System.Text.Json;
using Pulumi;
using Reelseal.Infra;

namespace Infra.Tests;

/// <summary>All in one class: Pulumi's mocks must not run in parallel.</summary>
public sealed class InfrastructureTests
{
    [Fact(Timeout = 60_000)]
    public async Task The_bucket_is_closed_to_the_public_in_all_four_ways()
    {
        var block = (await Deployed.With()).Only("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock");

        Assert.All(
            ["blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"],
            name => Assert.True(block.GetProperty(name).GetBoolean(), name));
        Assert.Equal("Bucket-media", block.GetProperty("bucket").GetString());
    }

    [Fact(Timeout = 60_000)]
    public async Task The_bucket_has_no_acls_no_versions_default_encryption_and_no_inline_setting()
    {
        var deployed = await Deployed.With();

        Assert.Equal(
            "BucketOwnerEnforced",
            deployed.Only("aws:s3/bucketOwnershipControls:BucketOwnershipControls")
                .GetProperty("rule").GetProperty("objectOwnership").GetString());
        Assert.Equal(
            "Disabled",
            deployed.Only("aws:s3/bucketVersioning:BucketVersioning")
                .GetProperty("versioningConfiguration").GetProperty("status").GetString());
        Assert.Contains(
            "\"sseAlgorithm\":\"AES256\"",
            Json(deployed.Only("aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration")),
            StringComparison.Ordinal);
        Assert.Equal("forceDestroy", string.Join(' ', deployed.Only("aws:s3/bucket:Bucket").EnumerateObject().Select(property => property.Name)));
    }

    [Theory(Timeout = 60_000)]
    [InlineData("true", false)]
    [InlineData("false", true)]
    public async Task Only_outside_production_is_a_bucket_with_videos_in_it_ever_destroyed(string production, bool destroyed)
    {
        var deployed = await Deployed.With(("production", production));
        Assert.Equal(destroyed, deployed.Only("aws:s3/bucket:Bucket").GetProperty("forceDestroy").GetBoolean());
    }

    [Fact(Timeout = 60_000)]
    public async Task The_bucket_cleans_up_after_uploads()
    {
        var rules = (await Deployed.With())
            .Only("aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration")
            .GetProperty("rules").EnumerateArray().ToList();

        Assert.Equal(4, rules.Count);
        Assert.All(rules, rule => Assert.Equal("Enabled", rule.GetProperty("status").GetString()));
        Assert.Equal(1, rules[0].GetProperty("abortIncompleteMultipartUpload").GetProperty("daysAfterInitiation").GetInt32());
        Assert.Equal("uploads/", rules[1].GetProperty("filter").GetProperty("prefix").GetString());
        Assert.Equal(7, rules[1].GetProperty("expiration").GetProperty("days").GetInt32());
        Assert.Equal("work/", rules[2].GetProperty("filter").GetProperty("prefix").GetString());
        Assert.Equal(1, rules[2].GetProperty("expiration").GetProperty("days").GetInt32());
        Assert.Equal("callbacks/", rules[3].GetProperty("filter").GetProperty("prefix").GetString());
        Assert.Equal(1, rules[3].GetProperty("expiration").GetProperty("days").GetInt32());
    }

    [Fact(Timeout = 60_000)]
    public async Task The_buckets_policy_is_the_planned_one_for_this_bucket_and_this_distribution() => Assert.Equal(
        BucketAccess.Bucket("arn:of:Bucket-media", "arn:of:Distribution-media").ToJson(),
        (await Deployed.With()).Only("aws:s3/bucketPolicy:BucketPolicy").GetProperty("policy").GetString());

    [Fact(Timeout = 60_000)]
    public async Task The_page_and_the_named_origins_may_upload()
    {
        var rule = (await Deployed.With(("allowedOrigins", """["https://app.example.com"]""")))
            .Only("aws:s3/bucketCorsConfiguration:BucketCorsConfiguration")
            .GetProperty("corsRules")[0];

        Assert.Equal("""["https://d111111abcdef8.cloudfront.net","https://app.example.com"]""", Json(rule.GetProperty("allowedOrigins")));
        Assert.Equal("""["PUT"]""", Json(rule.GetProperty("allowedMethods")));
        Assert.Equal("""["ETag"]""", Json(rule.GetProperty("exposeHeaders")));
    }

    [Fact(Timeout = 60_000)]
    public async Task The_bucket_answers_preflights_of_pages_that_play()
    {
        const string type = "aws:s3/bucketCorsConfiguration:BucketCorsConfiguration";
        var open = (await Deployed.With()).Only(type).GetProperty("corsRules");
        var named = (await Deployed.With(("allowedOrigins", """["https://app.example.com"]"""))).Only(type).GetProperty("corsRules");

        Assert.Equal(2, open.GetArrayLength());
        Assert.Equal("""["GET","HEAD"]""", Json(open[1].GetProperty("allowedMethods")));
        Assert.Equal("""["*"]""", Json(open[1].GetProperty("allowedOrigins")));
        Assert.Equal("""["https://app.example.com"]""", Json(named[1].GetProperty("allowedOrigins")));
    }

    [Fact(Timeout = 60_000)]
    public async Task The_object_that_sign_playlist_must_always_be_able_to_read_is_there_without_a_page()
    {
        var health = (await Deployed.With()).Only("aws:s3/bucketObjectv2:BucketObjectv2");

        Assert.Equal(HealthObject.Key, health.GetProperty("key").GetString());
        Assert.Equal(HealthObject.Content, health.GetProperty("content").GetString());
        Assert.Equal("application/vnd.apple.mpegurl", health.GetProperty("contentType").GetString());
        Assert.Equal("no-cache", health.GetProperty("cacheControl").GetString());
    }

    [Fact(Timeout = 60_000)]
    public async Task The_bucket_is_read_through_origin_access_control_and_no_identity()
    {
        var deployed = await Deployed.With();
        var access = deployed.Only("aws:cloudfront/originAccessControl:OriginAccessControl");
        var origin = Origin(deployed, "Bucket");

        Assert.Equal("s3", access.GetProperty("originAccessControlOriginType").GetString());
        Assert.Equal("always", access.GetProperty("signingBehavior").GetString());
        Assert.Equal("sigv4", access.GetProperty("signingProtocol").GetString());
        Assert.Equal("OriginAccessControl-media", origin.GetProperty("originAccessControlId").GetString());
        Assert.Equal("Bucket-media.s3.eu-central-1.amazonaws.com", origin.GetProperty("domainName").GetString());
        Assert.False(origin.TryGetProperty("s3OriginConfig", out _));
        Assert.False(origin.TryGetProperty("customOriginConfig", out _));
    }

    [Theory(Timeout = 60_000)]
    [InlineData("https://functions.example.com", "/function/sign-playlist", 443)]
    [InlineData("https://functions.example.com/", "/function/sign-playlist", 443)]
    [InlineData("https://functions.example.com:8443/openfaas/", "/openfaas/function/sign-playlist", 8443)]
    public async Task Playlists_come_from_the_function_over_tls_with_the_origin_secret(string gateway, string path, int port)
    {
        var origin = Origin(await Deployed.With(("gateway", gateway)), "SignPlaylist");
        var custom = origin.GetProperty("customOriginConfig");

        Assert.Equal("functions.example.com", origin.GetProperty("domainName").GetString());
        Assert.Equal(path, origin.GetProperty("originPath").GetString());
        Assert.Equal("https-only", custom.GetProperty("originProtocolPolicy").GetString());
        Assert.Equal("""["TLSv1.2"]""", Json(custom.GetProperty("originSslProtocols")));
        Assert.Equal(port, custom.GetProperty("httpsPort").GetInt32());
        Assert.Equal("""[{"name":"X-Origin-Verify","value":"0123456789abcdef0123456789abcdef"}]""", Json(origin.GetProperty("customHeaders"), "name", "value"));
    }

    [Fact(Timeout = 60_000)]
    public async Task Every_behaviour_needs_a_signature_but_the_pages_and_none_speaks_plain_http()
    {
        var distribution = (await Deployed.With()).Only("aws:cloudfront/distribution:Distribution");
        var behaviors = distribution.GetProperty("orderedCacheBehaviors").EnumerateArray().Append(distribution.GetProperty("defaultCacheBehavior")).ToList();

        Assert.Equal(
            "videos/*.m3u8 SignPlaylist, downloads/* Bucket, site/player/* Bucket, site/* Bucket, site Bucket, / Bucket, (default) Bucket",
            string.Join(", ", behaviors.Select(behavior => $"{PathPattern(behavior)} {behavior.GetProperty("targetOriginId").GetString()}")));
        Assert.All(behaviors, behavior =>
        {
            var isPage = PathPattern(behavior) is "site/player/*" or "site/*" or "site" or "/";
            Assert.Equal(!isPage, behavior.TryGetProperty("trustedKeyGroups", out var groups) && Json(groups) == """["KeyGroup-viewers"]""");
            Assert.Equal(isPage, behavior.TryGetProperty("functionAssociations", out var functions) && functions.GetArrayLength() == 1);
            Assert.Equal("https-only", behavior.GetProperty("viewerProtocolPolicy").GetString());
            Assert.Equal(PathPattern(behavior) is not ("(default)" or "downloads/*"), behavior.GetProperty("compress").GetBoolean());
            Assert.False(behavior.TryGetProperty("trustedSigners", out _));
            Assert.Equal(
                isPage ? null : DeliveryRule.Everything.OriginRequestPolicyId,
                behavior.TryGetProperty("originRequestPolicyId", out var policy) ? policy.GetString() : null);
            var headers = PathPattern(behavior) == "site/player/*" ? "player" : isPage ? "page" : "media";
            Assert.Equal($"ResponseHeadersPolicy-{headers}", behavior.GetProperty("responseHeadersPolicyId").GetString());
        });

        static string? PathPattern(JsonElement behavior) => behavior.TryGetProperty("pathPattern", out var pattern) ? pattern.GetString() : "(default)";
    }

    [Fact(Timeout = 60_000)]
    public async Task Playlists_are_cached_by_until_proof_and_key_alone_as_long_as_the_function_says()
    {
        var deployed = await Deployed.With();
        var playlists = deployed.All("aws:cloudfront/cachePolicy:CachePolicy").Single(policy => policy.Name == "playlists").Inputs;
        var key = playlists.GetProperty("parametersInCacheKeyAndForwardedToOrigin");

        Assert.Equal(0, playlists.GetProperty("minTtl").GetInt32());
        Assert.Equal("whitelist", key.GetProperty("queryStringsConfig").GetProperty("queryStringBehavior").GetString());
        Assert.Equal("""["until","proof","key"]""", Json(key.GetProperty("queryStringsConfig").GetProperty("queryStrings").GetProperty("items")));
        Assert.Equal("none", key.GetProperty("cookiesConfig").GetProperty("cookieBehavior").GetString());
        Assert.Equal("none", key.GetProperty("headersConfig").GetProperty("headerBehavior").GetString());
        Assert.True(key.GetProperty("enableAcceptEncodingGzip").GetBoolean());
        Assert.True(key.GetProperty("enableAcceptEncodingBrotli").GetBoolean());
        var media = deployed.All("aws:cloudfront/cachePolicy:CachePolicy").Single(policy => policy.Name == "media").Inputs
            .GetProperty("parametersInCacheKeyAndForwardedToOrigin");
        Assert.False(media.GetProperty("enableAcceptEncodingGzip").GetBoolean());
        Assert.False(media.GetProperty("enableAcceptEncodingBrotli").GetBoolean());
        var downloads = deployed.All("aws:cloudfront/cachePolicy:CachePolicy").Single(policy => policy.Name == "downloads").Inputs
            .GetProperty("parametersInCacheKeyAndForwardedToOrigin").GetProperty("queryStringsConfig");
        Assert.Equal("""["response-content-disposition"]""", Json(downloads.GetProperty("queryStrings").GetProperty("items")));
        Assert.Equal(
            "CachePolicy-playlists",
            deployed.Only("aws:cloudfront/distribution:Distribution")
                .GetProperty("orderedCacheBehaviors")[0].GetProperty("cachePolicyId").GetString());
    }

    [Fact(Timeout = 60_000)]
    public async Task Errors_are_kept_five_seconds_at_most()
    {
        var errors = (await Deployed.With()).Only("aws:cloudfront/distribution:Distribution").GetProperty("customErrorResponses").EnumerateArray().ToList();

        Assert.Equal(11, errors.Count);
        Assert.All(errors, error => Assert.InRange(error.GetProperty("errorCachingMinTtl").GetInt32(), 0, 5));
        Assert.All(errors, error => Assert.False(error.TryGetProperty("responsePagePath", out _)));
    }

    [Fact(Timeout = 60_000)]
    public async Task Cors_headers_are_the_distributions_whatever_the_origin_says()
    {
        var open = (await Deployed.With())
            .All("aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy")
            .Single(policy => policy.Name == "media")
            .Inputs.GetProperty("corsConfig");
        var named = (await Deployed.With(("allowedOrigins", """["https://app.example.com"]""")))
            .All("aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy")
            .Single(policy => policy.Name == "media")
            .Inputs.GetProperty("corsConfig");

        Assert.True(open.GetProperty("originOverride").GetBoolean());
        Assert.Equal("""["*"]""", Json(open.GetProperty("accessControlAllowOrigins").GetProperty("items")));
        Assert.False(open.GetProperty("accessControlAllowCredentials").GetBoolean());
        Assert.Equal("""["https://app.example.com"]""", Json(named.GetProperty("accessControlAllowOrigins").GetProperty("items")));
        Assert.True(named.GetProperty("accessControlAllowCredentials").GetBoolean());
    }

    [Fact(Timeout = 60_000)]
    public async Task A_domain_of_ones_own_asks_for_tls_1_2_and_becomes_the_address()
    {
        var deployed = await Deployed.With(("domain", "media.example.com"), ("certificateArn", "arn:aws:acm:us-east-1:111122223333:certificate/a"));
        var distribution = deployed.Only("aws:cloudfront/distribution:Distribution");

        Assert.Equal("""["media.example.com"]""", Json(distribution.GetProperty("aliases")));
        Assert.Equal("TLSv1.2_2021", distribution.GetProperty("viewerCertificate").GetProperty("minimumProtocolVersion").GetString());
        Assert.Equal("sni-only", distribution.GetProperty("viewerCertificate").GetProperty("sslSupportMethod").GetString());
        Assert.Equal("https://media.example.com", await deployed.Output("CLOUDFRONT_URL"));
    }

    [Fact(Timeout = 60_000)]
    public async Task The_distribution_speaks_http_2_and_3_and_writes_logs_only_into_a_named_bucket()
    {
        var plain = (await Deployed.With()).Only("aws:cloudfront/distribution:Distribution");
        var logging = (await Deployed.With(("logBucket", "logs.s3.amazonaws.com"), ("priceClass", "PriceClass_All")))
            .Only("aws:cloudfront/distribution:Distribution");

        Assert.Equal("http2and3", plain.GetProperty("httpVersion").GetString());
        Assert.Equal("PriceClass_100", plain.GetProperty("priceClass").GetString());
        Assert.False(plain.TryGetProperty("loggingConfig", out _));
        Assert.Equal("logs.s3.amazonaws.com", logging.GetProperty("loggingConfig").GetProperty("bucket").GetString());
        Assert.False(logging.GetProperty("loggingConfig").GetProperty("includeCookies").GetBoolean());
        Assert.Equal("PriceClass_All", logging.GetProperty("priceClass").GetString());
    }

    [Fact(Timeout = 60_000)]
    public async Task A_rotation_adds_a_key_switches_and_drops_without_replacing_the_one_that_stays()
    {
        var (old, next) = (Deployed.NewKey(), Deployed.NewKey());
        var before = await Deployed.With(("publicKeys", List(old)));
        var added = await Deployed.With(("publicKeys", List(old, next)));
        var switched = await Deployed.With(("publicKeys", List(next, old)));
        var dropped = await Deployed.With(("publicKeys", List(next)));

        var (oldId, nextId) = (await before.Output("KEY_PAIR_ID"), await dropped.Output("KEY_PAIR_ID"));
        Assert.NotEqual(oldId, nextId, StringComparer.Ordinal);
        Assert.Equal($"{oldId}", Group(before));
        Assert.Equal($"{oldId} {nextId}", Group(added));
        Assert.Equal(oldId, await added.Output("KEY_PAIR_ID"));
        Assert.Equal($"{nextId} {oldId}", Group(switched));
        Assert.Equal(nextId, await switched.Output("KEY_PAIR_ID"));
        Assert.Equal($"{nextId}", Group(dropped));
        Assert.Equal(Key(before, oldId), Key(switched, oldId));

        static string List(params string[] keys) => JsonSerializer.Serialize(keys);
        static string Group(Deployed deployed) =>
            string.Join(' ',
                deployed.Only("aws:cloudfront/keyGroup:KeyGroup")
                    .GetProperty("items").EnumerateArray()
                    .Select(item => item.GetString()));
        static string Key(Deployed deployed, string id) => Json(deployed.All("aws:cloudfront/publicKey:PublicKey").Single(key => key.Id == id).Inputs);
    }

    [Fact(Timeout = 60_000)]
    public async Task The_same_key_with_other_line_ends_is_the_same_resource_with_the_same_inputs()
    {
        var pem = Deployed.NewKey();
        var one = Assert.Single((await Deployed.With(("publicKeys", pem))).All("aws:cloudfront/publicKey:PublicKey"));
        var other = Assert.Single((await Deployed.With(("publicKeys", pem.ReplaceLineEndings("\r\n") + "\r\n"))).All("aws:cloudfront/publicKey:PublicKey"));

        Assert.Equal(one.Name, other.Name);
        Assert.Equal(Json(one.Inputs), Json(other.Inputs));
        Assert.EndsWith("-----END PUBLIC KEY-----\n", one.Inputs.GetProperty("encodedKey").GetString(), StringComparison.Ordinal);
    }

    [Fact(Timeout = 60_000)]
    public async Task Each_function_gets_a_user_with_its_own_planned_policy()
    {
        var deployed = await Deployed.With();
        var policies = deployed.All("aws:iam/userPolicy:UserPolicy")
            .ToDictionary(policy => policy.Name, policy => policy.Inputs.GetProperty("policy").GetString(), StringComparer.Ordinal);

        Assert.Equal(BucketAccess.SignPlaylist("arn:of:Bucket-media").ToJson(), policies["sign-playlist"]);
        Assert.Equal(BucketAccess.IngestVideo("arn:of:Bucket-media").ToJson(), policies["ingest-video"]);
        Assert.Equal(2, policies.Count);
        Assert.Equal(
            CredentialsFile.ForKey("AccessKey-ingest-video-first", "secret-of-ingest-video-first"), await deployed.Output("reelseal-aws-ingest-video"));
        Assert.Empty(deployed.All("aws:iam/role:Role"));
    }

    [Fact(Timeout = 60_000)]
    public async Task Access_keys_are_rotated_by_adding_one_switching_and_dropping_the_old_one()
    {
        var added = await Deployed.With(("accessKeys", """["first","second"]"""));
        var switched = await Deployed.With(("accessKeys", """["second","first"]"""));
        var dropped = await Deployed.With(("accessKeys", """["second"]"""));

        Assert.Equal(KeysOf(added), KeysOf(switched));
        Assert.Equal("AccessKey-ingest-video-second AccessKey-sign-playlist-second", KeysOf(dropped));
        Assert.Equal(
            CredentialsFile.ForKey("AccessKey-sign-playlist-first", "secret-of-sign-playlist-first"), await added.Output("reelseal-aws-sign-playlist"));
        Assert.Equal(
            CredentialsFile.ForKey("AccessKey-sign-playlist-second", "secret-of-sign-playlist-second"), await switched.Output("reelseal-aws-sign-playlist"));

        static string KeysOf(Deployed deployed) => string.Join(
            ' ', deployed.All("aws:iam/accessKey:AccessKey").Select(key => key.Id).Order(StringComparer.Ordinal));
    }

    [Fact(Timeout = 60_000)]
    public async Task With_a_cluster_that_aws_knows_there_are_roles_and_no_keys()
    {
        const string provider = "arn:aws:iam::111122223333:oidc-provider/oidc.eks.eu-central-1.amazonaws.com/id/EXAMPLE";
        var deployed = await Deployed.With(("oidcProviderArn", provider));
        var roles = deployed.All("aws:iam/role:Role")
            .ToDictionary(role => role.Name, role => role.Inputs.GetProperty("assumeRolePolicy").GetString(), StringComparer.Ordinal);

        Assert.Equal(BucketAccess.Trust(new(provider, "openfaas-fn"), "sign-playlist").ToJson(), roles["sign-playlist"]);
        Assert.Equal(2, deployed.All("aws:iam/rolePolicy:RolePolicy").Count());
        Assert.Equal(CredentialsFile.ForRole("arn:of:Role-sign-playlist"), await deployed.Output("reelseal-aws-sign-playlist"));
        Assert.Equal("arn:of:Role-sign-playlist", await deployed.Output(StackOutputs.SignPlaylistRole));
        Assert.Equal("arn:of:Role-ingest-video", await deployed.Output(StackOutputs.IngestVideoRole));
        Assert.Empty(deployed.All("aws:iam/user:User"));
        Assert.Empty(deployed.All("aws:iam/accessKey:AccessKey"));
    }

    [Fact(Timeout = 60_000)]
    public async Task The_outputs_are_what_stack_yml_takes_and_what_an_operator_needs_to_know_and_the_secrets_are_marked_as_such()
    {
        var deployed = await Deployed.With();

        Assert.Equal(
            string.Join(' ', StackOutputs.Settings.Union(StackOutputs.Secrets).Union(StackOutputs.Information).Order(StringComparer.Ordinal)),
            string.Join(' ', deployed.OutputNames));
        foreach (var name in deployed.OutputNames)
        {
            Assert.NotEmpty(await deployed.Output(name));
            Assert.Equal(StackOutputs.Secrets.Contains(name), await deployed.IsSecret(name));
        }
        Assert.Equal("Distribution-media", await deployed.Output(StackOutputs.DistributionId));
        Assert.Equal("d111111abcdef8.cloudfront.net", await deployed.Output(StackOutputs.DistributionDomain));
    }

    [Fact(Timeout = 60_000)]
    public async Task While_the_origin_secret_is_rotated_both_are_put_out_and_one_is_sent()
    {
        var deployed = await Deployed.With(("originSecret", new string('n', 32)), ("originSecretPrevious", new string('o', 32)));

        Assert.Equal(new string('n', 32), await deployed.Output("reelseal-origin-secret"));
        Assert.Equal(new string('o', 32), await deployed.Output("reelseal-origin-secret-previous"));
        Assert.Equal(new string('n', 32), Origin(deployed, "SignPlaylist").GetProperty("customHeaders")[0].GetProperty("value").GetString());
    }

    [Fact(Timeout = 60_000)]
    public async Task The_page_goes_under_site_with_its_types_and_the_gateways_address()
    {
        var folder = Directory.CreateTempSubdirectory("reelseal-page-");
        try
        {
            await File.WriteAllTextAsync(Path.Combine(folder.FullName, "index.html"), "<!doctype html>", TestContext.Current.CancellationToken);
            Directory.CreateDirectory(Path.Combine(folder.FullName, "js"));
            await File.WriteAllTextAsync(Path.Combine(folder.FullName, "js", "page.js"), "", TestContext.Current.CancellationToken);

            var objects = (await Deployed.With(("page", folder.FullName))).All("aws:s3/bucketObjectv2:BucketObjectv2").ToList();

            Assert.Equal(
                "site/config.json site/index.html site/js/page.js videos/health.m3u8",
                string.Join(' ', objects.Select(file => file.Inputs.GetProperty("key").GetString()).Order(StringComparer.Ordinal)));
            Assert.Equal("text/html; charset=utf-8", objects.Single(file => file.Name == "site/index.html").Inputs.GetProperty("contentType").GetString());
            Assert.All(objects, file => Assert.Equal("no-cache", file.Inputs.GetProperty("cacheControl").GetString()));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact(Timeout = 60_000)]
    public async Task The_page_may_talk_to_the_gateway_the_bucket_and_where_its_tokens_come_from_and_to_nobody_else()
    {
        var deployed = await Deployed.With(("tokenUrl", "https://app.example.com/token"), ("frameAncestors", "https://lms.example.com"));
        var headers = deployed.All("aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy").Single(policy => policy.Name == "page").Inputs;

        Assert.Equal(
            PagePolicy.ContentSecurityPolicy(
                "https://functions.example.com",
                ["https://Bucket-media.s3.eu-central-1.amazonaws.com", "https://app.example.com"],
                ["https://lms.example.com"]),
            headers.GetProperty("securityHeadersConfig").GetProperty("contentSecurityPolicy").GetProperty("contentSecurityPolicy").GetString());
        Assert.False(headers.TryGetProperty("corsConfig", out _));
        Assert.Equal(PagePolicy.Addresses, deployed.Only("aws:cloudfront/function:Function").GetProperty("code").GetString());
    }

    [Fact(Timeout = 60_000)]
    public async Task The_player_may_be_loaded_by_any_page_and_framed_by_those_that_are_listed()
    {
        var deployed = await Deployed.With(("embedders", """["https://www.example.com"]"""));
        var headers = deployed.All("aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy").Single(policy => policy.Name == "player").Inputs;

        var policy = headers.GetProperty("securityHeadersConfig").GetProperty("contentSecurityPolicy").GetProperty("contentSecurityPolicy").GetString();
        Assert.EndsWith("; frame-ancestors https://www.example.com", policy, StringComparison.Ordinal);
        Assert.Equal("""["*"]""", Json(headers.GetProperty("corsConfig").GetProperty("accessControlAllowOrigins").GetProperty("items")));
        Assert.False(headers.GetProperty("corsConfig").GetProperty("accessControlAllowCredentials").GetBoolean());
    }

    [Fact(Timeout = 60_000)]
    public async Task A_stack_with_a_dot_in_its_name_is_refused()
    {
        var error = await Assert.ThrowsAsync<RunException>(() => Deployed.WithStack("prod.eu"));
        Assert.Contains("no dot", error.Message, StringComparison.Ordinal);
    }

    [Fact(Timeout = 60_000)]
    public async Task An_invalid_configuration_is_one_exception_that_names_every_error_and_creates_nothing()
    {
        var error = await Assert.ThrowsAsync<RunException>(() => Deployed.With(("gateway", "http://functions.example.com"), ("priceClass", "cheap")));

        Assert.Equal(
            """
            reelseal:gateway is "http://functions.example.com", which is not an https address.
            reelseal:priceClass is "cheap", which is none of PriceClass_100, PriceClass_200, PriceClass_All.
            """,
            error.Message);
    }

    private static JsonElement Origin(Deployed deployed, string id) =>
        deployed.Only("aws:cloudfront/distribution:Distribution")
            .GetProperty("origins").EnumerateArray()
            .Single(origin => origin.GetProperty("originId").GetString() == id);

    private static string Json(JsonElement element) => JsonSerializer.Serialize(element, s_plain);

    /// <summary>A list of objects, reduced to some of their properties in this order.</summary>
    private static string Json(JsonElement list, params string[] names) =>
        JsonSerializer.Serialize(
            list.EnumerateArray()
                .Select(item => names.ToDictionary(name => name, name => item.GetProperty(name).GetString(), StringComparer.Ordinal)),
            s_plain);

    private static readonly JsonSerializerOptions s_plain = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
}
