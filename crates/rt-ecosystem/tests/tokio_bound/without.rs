//! A runtime that was built without: `.compat()` helps, and without that too a library says what is missing.

use std::future::Future;

use rt::compat::CompatExt;
use tonic::transport::Endpoint;

use crate::runtimes::on_each_runtime;
use crate::tokio_bound::database::{Folder, open};
use crate::tokio_bound::http::{client, doubled, served};

#[test]
fn compat_lets_one_future_of_reqwest_or_sqlx_work() {
    on_each_runtime(async || {
        let (addr, _) = served().await;
        let client = client();
        assert_eq!(doubled(&client, addr, &[1, 2]).compat().await, [2, 4]);
        let again = client.clone();
        let task = rt::spawn(async move { doubled(&again, addr, &[3]).await }.compat());
        assert_eq!(task.await.unwrap(), [6], "a second one found no runtime");

        let folder = Folder::new("compat");
        let rows = async {
            let pool = open(&folder).await;
            let insert = "INSERT INTO transfers VALUES (1), (2), (3)";
            sqlx::query(insert).execute(&pool).await.unwrap();
            let sum = sqlx::query_scalar::<_, i64>("SELECT sum(amount) FROM transfers");
            let sum = sum.fetch_one(&pool).await.unwrap();
            pool.close().await;
            sum
        };
        assert_eq!(rows.compat().await, 6);
    });
}

/// With what message a task of this future panics.
async fn panics(future: impl Future<Output: Send + 'static> + Send + 'static) -> String {
    let Err(error) = rt::spawn(future).await else { panic!("it worked: nothing was shown") };
    let payload = error.into_panic();
    match payload.downcast::<String>() {
        Ok(text) => *text,
        Err(payload) => (*payload.downcast::<&str>().unwrap()).to_owned(),
    }
}

#[test]
fn without_either_each_library_panics_with_words_that_name_tokio() {
    on_each_runtime(async || {
        let (addr, _) = served().await;
        let said =
            panics(async move { client().get(format!("http://{addr}/")).send().await }).await;
        assert!(said.contains("Tokio 1.x runtime"), "reqwest says: {said}");
        let said = panics(async { open(&Folder::new("without")).await }).await;
        assert!(said.contains("Tokio context"), "sqlx says: {said}");
        let endpoint = Endpoint::from_shared(format!("http://{addr}")).unwrap();
        let said = panics(async move { endpoint.connect().await }).await;
        assert!(said.contains("Tokio 1.x runtime"), "tonic says: {said}");
    });
}
